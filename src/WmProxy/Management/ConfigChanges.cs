using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration;

namespace WmProxy.Management;

/// <summary>Says in a line what a reload changed.</summary>
internal static class ConfigChanges
{
    public static string Describe(WmProxyConfig before, WmProxyConfig after, bool yarpChanged)
    {
        var changes = new List<string>();
        Add(changes, "stream", before.Streams, after.Streams);
        Add(changes, "forward proxy", before.ForwardProxies, after.ForwardProxies);
        Add(changes, "static files", before.StaticFiles, after.StaticFiles);
        Add(changes, "static response", before.StaticResponses, after.StaticResponses);
        if (yarpChanged)
        {
            changes.Add("routes or clusters changed");
        }

        if (before.Engine != after.Engine || before.DrainTimeout != after.DrainTimeout)
        {
            changes.Add("settings changed");
        }

        return string.Join(", ", changes);
    }

    private static void Add<T>(List<string> changes, string kind, EquatableDictionary<T> before, EquatableDictionary<T> after)
    {
        AddNames(changes, $"{kind} added", after.Keys.Where(name => !before.ContainsKey(name)));
        AddNames(changes, $"{kind} removed", before.Keys.Where(name => !after.ContainsKey(name)));
        AddNames(changes, $"{kind} changed", after.Where(item => before.TryGetValue(item.Key, out var old) && !Equals(old, item.Value)).Select(item => item.Key));
    }

    private static void AddNames(List<string> changes, string what, IEnumerable<string> names)
    {
        var list = string.Join(", ", names);
        if (list.Length > 0)
        {
            changes.Add($"{what}: {list}");
        }
    }
}
