using System.Net;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Reading;

internal static class ForwardProxyConfigReader
{
    public static ForwardProxyConfig Read(ConfigSectionReader section) => new()
    {
        ProxyId = section.Name,
        Listen = section.ReadList<ListenAddress>("Listen", ListenAddressParser.TryParse, orSingle: true) ?? default,
        Protocols = section.ReadList<ForwardProtocol>("Protocols", EnumParser.TryParse) ?? default,
        DetectTimeout = section.ReadDuration("DetectTimeout"),
        Users = section.ReadMap("Users", ReadUser),
        Rules = section.ReadSectionList("Rules", ForwardRuleConfigReader.Read)?.ToEquatableArray() ?? default,
        AllowLocalDestinations = section.ReadBoolean("AllowLocalDestinations"),
        AllowAnonymous = section.ReadBoolean("AllowAnonymous"),
        Guard = section.ReadEnum<EgressGuardMode>("Guard"),
        ClusterId = section.ReadName("ClusterId"),
        UdpAssociate = section.ReadSection("UdpAssociate", ReadUdpAssociate),
        Bind = section.ReadSection("Bind", ReadBind),
        ConnectTimeout = section.ReadDuration("ConnectTimeout"),
        ConnectAttempts = section.ReadInteger("ConnectAttempts"),
        IdleTimeout = section.ReadDuration("IdleTimeout"),
        HalfCloseTimeout = section.ReadDuration("HalfCloseTimeout"),
        MaxConnections = section.ReadInteger("MaxConnections"),
        MaxConnectionsPerClient = section.ReadInteger("MaxConnectionsPerClient"),
        Access = section.ReadSection("Access", AccessConfigReader.Read),
        Bandwidth = section.ReadSection("Bandwidth", BandwidthConfigReader.Read),
        ProxyProtocol = section.ReadSection("ProxyProtocol", ProxyProtocolConfigReader.ReadAcceptOnly),
        Tls = section.ReadSection("Tls", StreamTlsConfigReader.Read),
        AccessLog = section.ReadBoolean("AccessLog"),
    };

    private static ForwardUserConfig ReadUser(ConfigSectionReader section) => new()
    {
        Name = section.Name,
        Password = SecretConfigReader.Read(section, "Password"),
        PasswordHash = section.ReadText("PasswordHash"),
    };

    private static UdpAssociateConfig ReadUdpAssociate(ConfigSectionReader section) => new()
    {
        Enabled = section.ReadBoolean("Enabled"),
        AdvertisedAddress = ReadAddress(section, "AdvertisedAddress"),
        Ports = section.ReadName("Ports"),
        IdleTimeout = section.ReadDuration("IdleTimeout"),
        MaxAssociationsPerClient = section.ReadInteger("MaxAssociationsPerClient"),
    };

    private static IPAddress? ReadAddress(ConfigSectionReader section, string key)
    {
        if (section.ReadName(key) is not { } text)
        {
            return null;
        }

        if (!IPAddressParser.TryParse(text, out var address))
        {
            section.AddError(key, $"{QuotedText.Quote(text)} is not an IP address");
        }

        return address;
    }

    private static SocksBindConfig ReadBind(ConfigSectionReader section) => new()
    {
        Enabled = section.ReadBoolean("Enabled"),
    };
}
