using System.Linq;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Reading;

internal static class StreamConfigReader
{
    public static StreamConfig Read(ConfigSectionReader section) => new()
    {
        StreamId = section.Name,
        Listen = section.ReadList<ListenAddress>("Listen", ListenAddressParser.TryParse, orSingle: true) ?? default,
        ClusterId = section.ReadName("ClusterId"),
        To = section.ReadNames("To", orSingle: true) ?? default,
        Match = section.ReadSection("Match", ReadMatch),
        ConnectTimeout = section.ReadDuration("ConnectTimeout"),
        ConnectAttempts = section.ReadInteger("ConnectAttempts"),
        IdleTimeout = section.ReadDuration("IdleTimeout"),
        HalfCloseTimeout = section.ReadDuration("HalfCloseTimeout"),
        MaxConnections = section.ReadInteger("MaxConnections"),
        MaxSessions = section.ReadInteger("MaxSessions"),
        MaxConnectionsPerClient = section.ReadInteger("MaxConnectionsPerClient"),
        Requests = section.ReadInteger("Requests"),
        Responses = section.ReadInteger("Responses"),
        Access = section.ReadSection("Access", AccessConfigReader.Read),
        Bandwidth = section.ReadSection("Bandwidth", BandwidthConfigReader.Read),
        ProxyProtocol = section.ReadSection("ProxyProtocol", ProxyProtocolConfigReader.Read),
        Tls = section.ReadSection("Tls", StreamTlsConfigReader.Read),
        AccessLog = section.ReadBoolean("AccessLog"),
    };

    private static StreamMatchConfig ReadMatch(ConfigSectionReader section) => new()
    {
        // Server names are compared without case (RFC 4343): one form here is one form everywhere.
        ServerNames = section.ReadNames("ServerNames")?.Select(name => name.ToLowerInvariant()).ToEquatableArray() ?? default,
        AlpnProtocols = section.ReadNames("AlpnProtocols") ?? default,
    };
}
