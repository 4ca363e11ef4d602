using System;
using System.Globalization;
using System.Linq;
using Microsoft.Extensions.Configuration;

namespace WmProxy.Configuration.Validation;

/// <summary>Makes key paths.</summary>
internal static class ConfigKeyPath
{
    public static string Of(params string[] keys) => ConfigurationPath.Combine(keys);

    public static string Stream(string id, params string[] keys) => ConfigurationPath.Combine(["WmProxy", "Streams", id, .. keys]);

    public static string ForwardProxy(string id, params string[] keys) => ConfigurationPath.Combine(["WmProxy", "ForwardProxies", id, .. keys]);

    public static string Item(string listPath, int index) => ConfigurationPath.Combine(listPath, index.ToString(CultureInfo.InvariantCulture));

    /// <summary>The path in the case in which the user wrote its keys, and without the index where a list was written as a single value.</summary>
    public static string AsWritten(IConfiguration source, string path)
    {
        var keys = path.Split(':');
        var current = source;
        for (var i = 0; i < keys.Length; i++)
        {
            var child = current.GetChildren().FirstOrDefault(section => section.Key.Equals(keys[i], StringComparison.OrdinalIgnoreCase));
            if (child is null)
            {
                var isSingleValue = i == keys.Length - 1 && int.TryParse(keys[i], out _) && current is IConfigurationSection { Value.Length: > 0 };
                return ConfigurationPath.Combine(isSingleValue ? keys[..^1] : keys);
            }

            keys[i] = child.Key;
            current = child;
        }

        return ConfigurationPath.Combine(keys);
    }
}
