namespace WmProxy.Configuration.Values;

/// <summary>A port, or a range of ports with both ends in it.</summary>
internal readonly record struct PortRange(int First, int Last);
