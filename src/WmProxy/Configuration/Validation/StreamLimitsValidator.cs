using System;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>The numbers of a stream are in their ranges, and its PROXY protocol says from whom.</summary>
internal static class StreamLimitsValidator
{
    public static void Validate(StreamConfig stream, ConfigErrorCollector errors)
    {
        RequireAtLeast(stream, "ConnectAttempts", stream.ConnectAttempts, 1, errors);
        RequireAtLeast(stream, "MaxConnections", stream.MaxConnections, 0, errors);
        RequireAtLeast(stream, "MaxSessions", stream.MaxSessions, 0, errors);
        RequireAtLeast(stream, "MaxConnectionsPerClient", stream.MaxConnectionsPerClient, 0, errors);
        RequireAtLeast(stream, "Requests", stream.Requests, 0, errors);
        RequireAtLeast(stream, "Responses", stream.Responses, 0, errors);
        RequireDuration(ConfigKeyPath.Stream(stream.StreamId, "ConnectTimeout"), stream.ConnectTimeout, errors);
        RequireDuration(ConfigKeyPath.Stream(stream.StreamId, "IdleTimeout"), stream.IdleTimeout, errors);
        RequireDuration(ConfigKeyPath.Stream(stream.StreamId, "HalfCloseTimeout"), stream.HalfCloseTimeout, errors);
        RequireRate(stream, "Upload", stream.Bandwidth?.Upload, errors);
        RequireRate(stream, "Download", stream.Bandwidth?.Download, errors);
        if (stream.Bandwidth is { Per: not null, Upload: null, Download: null })
        {
            errors.Add(ConfigKeyPath.Stream(stream.StreamId, "Bandwidth", "Per"), "has no effect without 'Upload' or 'Download'");
        }

        if (stream is { IsUdp: true, ProxyProtocol.Send: ProxyProtocolVersion.V1 })
        {
            errors.Add(ConfigKeyPath.Stream(stream.StreamId, "ProxyProtocol", "Send"), "'V1' has no form for UDP; use 'V2'");
        }

        if (stream.ProxyProtocol?.Accept is { From.Count: 0 })
        {
            errors.Add(
                ConfigKeyPath.Stream(stream.StreamId, "ProxyProtocol", "Accept", "From"),
                "is required: the networks of the balancers whose header counts, as [ \"10.0.0.0/8\" ]");
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

    private static void RequireAtLeast(StreamConfig stream, string key, int? value, int least, ConfigErrorCollector errors)
    {
        if (value < least)
        {
            errors.Add(ConfigKeyPath.Stream(stream.StreamId, key), $"{value} is too low; the least is {least}{(least == 0 ? ", which means no limit" : "")}");
        }
    }

    private static void RequireRate(StreamConfig stream, string key, long? value, ConfigErrorCollector errors)
    {
        if (value <= 0)
        {
            errors.Add(ConfigKeyPath.Stream(stream.StreamId, "Bandwidth", key), $"{value} is not more than zero; leave the key out for no limit");
        }
    }
}
