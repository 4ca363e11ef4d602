using System;
using System.Collections.Generic;
using WmProxy.Configuration.Validation;
using WmProxy.Routes;

namespace WmProxy.Configuration;

/// <summary>Checks a whole configuration: each value, and what the parts say of each other. Everything found is reported.</summary>
internal static class WmProxyConfigValidator
{
    /// <summary>Adds what is wrong to <paramref name="errors"/>, which may hold the reader's errors: what follows from those is left out.</summary>
    public static void Validate(WmProxyConfig config, ConfigValidationContext context, IList<ConfigError> errors)
    {
        var collector = new ConfigErrorCollector(errors, context.Source);
        StreamValidator.Validate(config, context, collector);
        StreamTargetValidator.Validate(config, context, collector);
        RouteClusterValidator.Validate(config, context, collector);
        ForwardProxyValidator.Validate(config, context, collector);
        ParentClusterValidator.Validate(context, collector);
        ListenerConflictValidator.Validate(config, context, collector);
        StaticFilesValidator.Validate(config, context, collector);
        StaticResponsesValidator.Validate(config, context, collector);
        foreach (var conflict in EndpointConflicts.Find(config, context.Routes))
        {
            collector.Add(conflict.Path, conflict.Message);
        }

        if (config.Engine == RelayEngineKind.Linux && !OperatingSystem.IsLinux())
        {
            collector.Add(ConfigKeyPath.Of("WmProxy", "Engine"), "'Linux' needs Linux; valid values on this system: Auto, Portable");
        }

        LimitsValidator.RequireDuration(ConfigKeyPath.Of("WmProxy", "DrainTimeout"), config.DrainTimeout, collector);
        ListeningValidator.Validate(config, context, collector);
        if (context.IsStandalone)
        {
            KestrelCertificateValidator.Validate(context, collector);
        }
    }
}
