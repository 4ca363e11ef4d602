using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Reading;

internal static class BandwidthConfigReader
{
    public static BandwidthConfig Read(ConfigSectionReader section) => new()
    {
        Upload = section.ReadValue<long>("Upload", ByteRateParser.TryParse),
        Download = section.ReadValue<long>("Download", ByteRateParser.TryParse),
        Per = section.ReadEnum<BandwidthScope>("Per"),
    };
}
