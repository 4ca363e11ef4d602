namespace WmProxy.Configuration.Validation;

/// <summary>What can be said of each stream alone.</summary>
internal static class StreamValidator
{
    public static void Validate(WmProxyConfig config, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        foreach (var stream in config.Streams.Values)
        {
            if (stream.Listen.Count == 0)
            {
                errors.Add(ConfigKeyPath.Stream(stream.StreamId, "Listen"), "is required, as \"tcp://*:6432\" or \"udp://*:53\"");
            }

            StreamKindValidator.Validate(stream, errors);
            StreamMatchValidator.Validate(stream, errors);
            StreamTlsValidator.Validate(stream, context, errors);
            StreamLimitsValidator.Validate(stream, errors);
        }
    }
}
