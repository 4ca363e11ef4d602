using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Clusters;

/// <summary>Chooses a destination of a YARP cluster by its policy and health, and connects to it, or to the next one.</summary>
internal interface IClusterDialer
{
    /// <summary>
    /// Connects to a destination of <see cref="DialRequest.ClusterId"/>. Failures are results; only <paramref name="cancellationToken"/>
    /// throws (<see cref="System.OperationCanceledException"/>), with nothing left open or counted.
    /// </summary>
    ValueTask<DialResult> DialAsync(DialRequest request, CancellationToken cancellationToken);
}
