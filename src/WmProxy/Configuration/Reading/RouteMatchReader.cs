using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Configuration.Reading;

/// <summary>Reads YARP's route match with YARP's keys.</summary>
internal static class RouteMatchReader
{
    /// <summary>The path that matches every request, also where only hosts, methods or headers are given.</summary>
    private const string EveryPath = "/{**path}";

    public static RouteMatch ReadFrom(ConfigSectionReader entry) => entry.ReadSection("Match", Read) ?? new RouteMatch { Path = EveryPath };

    private static RouteMatch Read(ConfigSectionReader section) => new()
    {
        Hosts = section.ReadNames("Hosts") is { } hosts ? [.. hosts] : null,
        Path = section.ReadName("Path") ?? EveryPath,
        Methods = section.ReadNames("Methods") is { } methods ? [.. methods] : null,
        Headers = section.ReadSectionList("Headers", ReadHeader),
        QueryParameters = section.ReadSectionList("QueryParameters", ReadQueryParameter),
    };

    private static RouteHeader ReadHeader(ConfigSectionReader section) => new()
    {
        Name = section.ReadRequiredName("Name"),
        Values = section.ReadNames("Values") is { } values ? [.. values] : null,
        Mode = section.ReadEnum<HeaderMatchMode>("Mode") ?? HeaderMatchMode.ExactHeader,
        IsCaseSensitive = section.ReadBoolean("IsCaseSensitive") ?? false,
    };

    private static RouteQueryParameter ReadQueryParameter(ConfigSectionReader section) => new()
    {
        Name = section.ReadRequiredName("Name"),
        Values = section.ReadNames("Values") is { } values ? [.. values] : null,
        Mode = section.ReadEnum<QueryParameterMatchMode>("Mode") ?? QueryParameterMatchMode.Exact,
        IsCaseSensitive = section.ReadBoolean("IsCaseSensitive") ?? false,
    };
}
