using System.Diagnostics.CodeAnalysis;
using System.Linq;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Reading;

internal static class StreamConfigReader
{
    public static StreamConfig Read(ConfigSectionReader section)
    {
        section.RejectUnavailable("MaxSessions", "Requests", "Responses");
        return new StreamConfig
        {
            StreamId = section.Name,
            Listen = section.ReadList<ListenAddress>("Listen", TryParseAddress, orSingle: true) ?? default,
            ClusterId = section.ReadName("ClusterId"),
            To = section.ReadNames("To", orSingle: true) ?? default,
            Match = section.ReadSection("Match", ReadMatch),
            ConnectTimeout = section.ReadDuration("ConnectTimeout"),
            ConnectAttempts = section.ReadInteger("ConnectAttempts"),
            IdleTimeout = section.ReadDuration("IdleTimeout"),
            HalfCloseTimeout = section.ReadDuration("HalfCloseTimeout"),
            MaxConnections = section.ReadInteger("MaxConnections"),
            MaxConnectionsPerClient = section.ReadInteger("MaxConnectionsPerClient"),
            Access = section.ReadSection("Access", AccessConfigReader.Read),
            Bandwidth = section.ReadSection("Bandwidth", BandwidthConfigReader.Read),
            ProxyProtocol = section.ReadSection("ProxyProtocol", ProxyProtocolConfigReader.Read),
            Tls = section.ReadSection("Tls", StreamTlsConfigReader.Read),
            AccessLog = section.ReadBoolean("AccessLog"),
        };
    }

    private static bool TryParseAddress(string text, [MaybeNullWhen(false)] out ListenAddress value, [NotNullWhen(false)] out string? error)
    {
        if (ListenAddressParser.TryParse(text, out value, out error) && value.Scheme == ListenScheme.Udp)
        {
            error = $"{QuotedText.Quote(text)}: udp:// is not available in this version";
            value = null;
        }

        return value is not null;
    }

    private static StreamMatchConfig ReadMatch(ConfigSectionReader section) => new()
    {
        // Server names are compared without case (RFC 4343): one form here is one form everywhere.
        ServerNames = section.ReadNames("ServerNames")?.Select(name => name.ToLowerInvariant()).ToEquatableArray() ?? default,
        AlpnProtocols = section.ReadNames("AlpnProtocols") ?? default,
    };
}
