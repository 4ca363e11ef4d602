namespace WmProxy.Configuration.Validation;

/// <summary>A program that listens on nothing is of no use.</summary>
internal static class ListeningValidator
{
    public static void Validate(WmProxyConfig config, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        if (context.IsStandalone && config.Streams.Count == 0 && config.ForwardProxies.Count == 0 && context.KestrelEndpoints.Count == 0)
        {
            errors.Add(
                ConfigKeyPath.Of("WmProxy", "Streams"),
                "the configuration listens on nothing; add a stream or a forward proxy with 'Listen', or an HTTP endpoint as Kestrel:Endpoints:Http:Url = \"http://localhost:8080\"");
        }
    }
}
