using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Configuration;

namespace WmProxy.Management;

/// <summary>
/// A copy of a configuration that does not change while it is read. The original may be replaced at any moment (a file that is saved again), and
/// a reader that takes one half before and the other half after has a configuration that nobody wrote.
/// </summary>
internal static class ConfigurationSnapshot
{
    private const int Attempts = 10;

    public static IConfiguration Take(IConfiguration configuration)
    {
        var copy = Copy(configuration);
        for (var attempt = 1; attempt < Attempts; attempt++)
        {
            // Providers replace their values first and tell afterwards, so only a second look shows that the first was at one state.
            var again = Copy(configuration);
            if (copy.SequenceEqual(again))
            {
                break;
            }

            copy = again;
        }

        return new ConfigurationBuilder().AddInMemoryCollection(copy).Build();
    }

    private static List<KeyValuePair<string, string?>> Copy(IConfiguration configuration) =>
        [.. configuration.AsEnumerable().OrderBy(item => item.Key, StringComparer.Ordinal)];
}
