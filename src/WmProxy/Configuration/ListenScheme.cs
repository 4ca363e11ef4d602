namespace WmProxy.Configuration;

/// <summary>What a listener speaks with its clients.</summary>
public enum ListenScheme
{
    /// <summary>Plain TCP, <c>tcp://</c>.</summary>
    Tcp,

    /// <summary>TLS over TCP, terminated here, <c>tls://</c>.</summary>
    Tls,

    /// <summary>UDP datagrams, <c>udp://</c>.</summary>
    Udp,

    /// <summary>A Unix domain socket, <c>unix:/path</c>.</summary>
    Unix,
}
