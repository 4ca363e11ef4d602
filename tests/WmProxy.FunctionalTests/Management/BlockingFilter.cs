using System.Threading;
using System.Threading.Tasks;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.FunctionalTests.Management;

/// <summary>A filter of an application's that does not come back until it is released.</summary>
internal sealed class BlockingFilter : IProxyConfigFilter
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsBlocked { get; set; }

    public Task Reached => _reached.Task;

    public void Release() => _released.TrySetResult();

    public async ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel)
    {
        if (IsBlocked)
        {
            _reached.TrySetResult();
            await _released.Task;
        }

        return cluster;
    }

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel) => ValueTask.FromResult(route);
}
