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

    private static ProxyProtocolAcceptConfig ReadAccept(ConfigSectionReader section) => new()
    {
        Versions = section.ReadList<ProxyProtocolVersion>("Versions", EnumParser.TryParse) ?? default,
        From = section.ReadList<IPNetwork>("From", NetworkParser.TryParse) ?? default,
        Required = section.ReadBoolean("Required"),
    };
}
