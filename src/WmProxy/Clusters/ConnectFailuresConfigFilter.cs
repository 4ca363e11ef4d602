using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connectors;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Clusters;

/// <summary>
/// Turns passive health checks on for clusters that only streams can use, unless they are configured otherwise: without them YARP does not
/// look at passive health.
/// </summary>
internal sealed class ConnectFailuresConfigFilter : IProxyConfigFilter
{
    private readonly ConnectorTable _connectors;

    public ConnectFailuresConfigFilter(ConnectorTable connectors) => _connectors = connectors;

    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel)
    {
        var passive = cluster.HealthCheck?.Passive;
        if (passive?.Enabled is false
            || !string.IsNullOrEmpty(passive?.Policy)
            || cluster.Destinations is not { Count: > 0 }
            || !cluster.Destinations.Values.All(destination => IsOfStreams(destination.Address ?? "")))
        {
            return new(cluster);
        }

        return new(cluster with
        {
            HealthCheck = (cluster.HealthCheck ?? new HealthCheckConfig()) with
            {
                Passive = (passive ?? new PassiveHealthCheckConfig()) with
                {
                    Enabled = true,
                    Policy = ConnectFailuresHealthPolicy.PolicyName,
                    ReactivationPeriod = passive?.ReactivationPeriod ?? ConnectFailuresHealthPolicy.DefaultReactivationPeriod,
                },
            },
        });
    }

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel) => new(route);

    private bool IsOfStreams(string address) => _connectors.Dials(address) || DestinationAddress.GetScheme(address) == DestinationAddress.UdpScheme;
}
