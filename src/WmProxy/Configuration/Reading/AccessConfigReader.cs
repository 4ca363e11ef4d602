using System.Net;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Reading;

internal static class AccessConfigReader
{
    public static AccessConfig Read(ConfigSectionReader section) => new()
    {
        Allow = section.ReadList<IPNetwork>("Allow", NetworkParser.TryParse) ?? default,
        Deny = section.ReadList<IPNetwork>("Deny", NetworkParser.TryParse) ?? default,
    };
}
