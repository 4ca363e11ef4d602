namespace WmProxy.Configuration;

/// <summary>Selects TLS connections by what their ClientHello says (RFC 8446 section 4.1.2).</summary>
public sealed record StreamMatchConfig
{
    /// <summary>Server names (RFC 6066 section 3), exact or with a leading <c>*.</c> for any subdomain. Empty: any or none.</summary>
    public EquatableArray<string> ServerNames { get; init; }

    /// <summary>Protocols offered by ALPN (RFC 7301), any of which matches. Empty: any or none.</summary>
    public EquatableArray<string> AlpnProtocols { get; init; }
}
