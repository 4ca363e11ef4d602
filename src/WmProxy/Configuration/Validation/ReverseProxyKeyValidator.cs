using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Configuration;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>Reports keys under <c>ReverseProxy</c> that YARP passes over in silence.</summary>
internal static class ReverseProxyKeyValidator
{
    public const string SectionName = "ReverseProxy";

    /// <summary>Checks the section <c>ReverseProxy</c> below <paramref name="root"/>.</summary>
    public static void Validate(IConfiguration root, IList<ConfigError> errors)
    {
        var section = root.GetChildren().FirstOrDefault(child => child.Key.Equals(SectionName, StringComparison.OrdinalIgnoreCase));
        if (section is not null)
        {
            Validate(section, ReverseProxyKeys.Root, errors);
        }
    }

    private static void Validate(IConfigurationSection section, KnownKeys known, IList<ConfigError> errors)
    {
        if (known.IsOpen)
        {
            return;
        }

        var children = section.GetChildren().ToList();
        if (known.Keys is null && known.Entries is null)
        {
            if (children.Count > 0)
            {
                errors.Add(new ConfigError(section.Path, "a single value is expected here, not a section or a list"));
            }

            return;
        }

        if (!string.IsNullOrEmpty(section.Value))
        {
            errors.Add(new ConfigError(section.Path, "a section or a list is expected here, not a single value"));
        }

        foreach (var child in children)
        {
            if ((known.Entries ?? known.Keys!.GetValueOrDefault(child.Key)) is { } expected)
            {
                Validate(child, expected, errors);
            }
            else
            {
                errors.Add(new ConfigError(child.Path, $"unknown key; {NearestName.Proposal(child.Key, [.. known.Keys!.Keys], "valid keys")}"));
            }
        }
    }
}
