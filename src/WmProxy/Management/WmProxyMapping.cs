namespace WmProxy.Management;

/// <summary>Remembers whether the application called MapWmProxy.</summary>
internal sealed class WmProxyMapping
{
    public bool IsMapped { get; set; }
}
