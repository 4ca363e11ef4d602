using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Clusters;
using WmProxy.Connectors;
using WmProxy.Tests.Clusters;
using Yarp.ReverseProxy.Model;

namespace WmProxy.Tests.Socks;

/// <summary>Dials one end point, in the name of a destination.</summary>
internal sealed class FakeClusterDialer : IClusterDialer
{
    private readonly EndPoint _endPoint;
    private readonly DestinationState _destination;

    public FakeClusterDialer(EndPoint endPoint, DestinationState destination) => (_endPoint, _destination) = (endPoint, destination);

    public async ValueTask<DialResult> DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        // A parent is only greeted by the dialer.
        Assert.Null(request.Target);
        Assert.True(request.SparesReserve);
        var connected = await SocketConnect.ConnectAsync(_endPoint, request.Beside, default, cancellationToken);
        return connected.IsConnected
            ? DialResult.Connected(connected.Stream, new DestinationLease(TestCluster.Create(_destination), _destination))
            : DialResult.Failed(connected.Failure, connected.Error);
    }
}
