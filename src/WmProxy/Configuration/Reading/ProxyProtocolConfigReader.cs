using System.Net;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Reading;

internal static class ProxyProtocolConfigReader
{
    public static ProxyProtocolConfig Read(ConfigSectionReader section) => new()
    {
        Accept = section.ReadSection("Accept", ReadAccept),
        Send = section.ReadEnum<ProxyProtocolVersion>("Send"),
    };

    /// <summary>For what has no destinations to send a header to.</summary>
    public static ProxyProtocolConfig ReadAcceptOnly(ConfigSectionReader section) => new()
    {
        Accept = section.ReadSection("Accept", ReadAccept),
    };

    private static ProxyProtocolAcceptConfig ReadAccept(ConfigSectionReader section) => new()
    {
        Versions = section.ReadList<ProxyProtocolVersion>("Versions", EnumParser.TryParse) ?? default,
        From = section.ReadList<IPNetwork>("From", NetworkParser.TryParse) ?? default,
        Required = section.ReadBoolean("Required"),
    };
}
