using System;
using System.Linq;

namespace WmProxy.Management;

/// <summary>Tells whether YARP would see a difference.</summary>
internal static class YarpConfigComparer
{
    public static bool Equals(YarpConfig left, YarpConfig right)
    {
        // RouteConfig.Equals of YARP 2.3.0 forgets MaxRequestBodySize (dotnet/yarp pull request 3027).
        return left.Routes.Count == right.Routes.Count
            && left.Clusters.Count == right.Clusters.Count
            && left.Routes.OrderBy(route => route.RouteId, StringComparer.OrdinalIgnoreCase)
                .Zip(right.Routes.OrderBy(route => route.RouteId, StringComparer.OrdinalIgnoreCase))
                .All(pair => pair.First.Equals(pair.Second) && pair.First.MaxRequestBodySize == pair.Second.MaxRequestBodySize)
            && left.Clusters.OrderBy(cluster => cluster.ClusterId, StringComparer.OrdinalIgnoreCase)
                .SequenceEqual(right.Clusters.OrderBy(cluster => cluster.ClusterId, StringComparer.OrdinalIgnoreCase));
    }
}
