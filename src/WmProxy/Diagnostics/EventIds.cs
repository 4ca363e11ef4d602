namespace WmProxy.Diagnostics;

/// <summary>The ids of all log events, in blocks of 100 for each folder. Never reused; a test checks that they are unique.</summary>
internal static class EventIds
{
    // 100: Management and Configuration
    // 200: Listeners
    // 300: Connections (300-339 PROXY protocol, 340-369 TLS, 370-399 the rest)
    public const int TlsCertificateReloaded = 340;
    public const int TlsCertificateReloadFailed = 341;
    public const int TlsCertificateOutOfTime = 342;
    public const int TlsClientAuthoritiesReloaded = 343;
    public const int TlsCertificatePollFailed = 344;

    // 400: Clusters and Connectors
    // 500: Relay
    // 600: Streams
    // 700: StaticFiles and StaticResponses
    // 900: the program
}
