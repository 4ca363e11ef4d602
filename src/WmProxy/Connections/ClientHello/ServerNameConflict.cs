namespace WmProxy.Connections.ClientHello;

/// <summary>Two entries of a <see cref="ServerNameTable{T}"/> that want the very same connections.</summary>
/// <param name="ServerName">The name or pattern; <see langword="null"/> for any.</param>
/// <param name="AlpnProtocol">The protocol; <see langword="null"/> for any.</param>
/// <param name="First">The entry that gets them.</param>
/// <param name="Second">The entry that does not.</param>
internal readonly record struct ServerNameConflict<T>(string? ServerName, string? AlpnProtocol, T First, T Second);
