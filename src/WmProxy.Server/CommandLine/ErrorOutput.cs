using System.Collections.Generic;
using System.IO;
using WmProxy.Configuration;

namespace WmProxy.Server.CommandLine;

/// <summary>How errors are told on a terminal.</summary>
internal static class ErrorOutput
{
    public static void Write(TextWriter error, IReadOnlyList<ConfigError> errors)
    {
        error.WriteLine(errors.Count == 1 ? "wmproxy: 1 error" : $"wmproxy: {errors.Count} errors");
        foreach (var each in errors)
        {
            error.WriteLine($"  {each}");
        }
    }
}
