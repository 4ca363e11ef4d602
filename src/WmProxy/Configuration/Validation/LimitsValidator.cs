using System;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>What streams and forward proxies limit alike: numbers are in their ranges, and PROXY protocol says from whom.</summary>
internal static class LimitsValidator
{
    public static void ValidateBandwidth(string path, BandwidthConfig? bandwidth, ConfigErrorCollector errors)
    {
        RequireRate(ConfigKeyPath.Of(path, "Upload"), bandwidth?.Upload, errors);
        RequireRate(ConfigKeyPath.Of(path, "Download"), bandwidth?.Download, errors);
        if (bandwidth is { Per: not null, Upload: null, Download: null })
        {
            errors.Add(ConfigKeyPath.Of(path, "Per"), "has no effect without 'Upload' or 'Download'");
        }
    }

    public static void ValidateProxyProtocol(string path, ProxyProtocolConfig? proxyProtocol, ConfigErrorCollector errors)
    {
        if (proxyProtocol?.Accept is { From.Count: 0 })
        {
            errors.Add(ConfigKeyPath.Of(path, "Accept", "From"), "is required: the networks of the balancers whose header counts, as [ \"10.0.0.0/8\" ]");
        }
    }

    /// <summary>Checks a duration of a configuration that was made in code; the reader takes no other.</summary>
    public static void RequireDuration(string path, TimeSpan? value, ConfigErrorCollector errors)
    {
        if (value <= TimeSpan.Zero || value > DurationParser.Longest)
        {
            errors.Add(path, $"{value} is not between zero and {DurationParser.Longest.TotalDays} days");
        }
    }

    /// <summary>Checks a number; a least value of 0 stands for no limit.</summary>
    public static void RequireAtLeast(string path, int? value, int least, ConfigErrorCollector errors)
    {
        if (value < least)
        {
            errors.Add(path, $"{value} is too low; the least is {least}{(least == 0 ? ", which means no limit" : "")}");
        }
    }

    private static void RequireRate(string path, long? value, ConfigErrorCollector errors)
    {
        if (value <= 0)
        {
            errors.Add(path, $"{value} is not more than zero; leave the key out for no limit");
        }
    }
}
