using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Hosting;

namespace WmProxy.Server.Lifetime;

/// <summary>Leaves the process's signals alone: for a program that is hosted by something else, as by a test.</summary>
internal sealed class NullLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
