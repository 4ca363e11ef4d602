using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration;

namespace WmProxy.Management;

/// <summary>Says what YARP has against a configuration: one error for each thing, with the cause that YARP wraps.</summary>
internal static class YarpErrors
{
    public static IEnumerable<ConfigError> Describe(Exception refusal)
    {
        var all = refusal is AggregateException aggregate ? aggregate.Flatten().InnerExceptions : (IReadOnlyList<Exception>)[refusal];
        return all.Select(exception => new ConfigError(YarpConfigReader.SectionName, string.Join(" ", Messages(exception))));
    }

    private static IEnumerable<string> Messages(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            yield return current.Message;
        }
    }
}
