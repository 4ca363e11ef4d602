using System;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Clusters;
using WmProxy.Connections;
using WmProxy.Diagnostics;
using WmProxy.Relay;

namespace WmProxy.Streams;

/// <summary>Takes one connection to a destination of its stream's cluster and relays the two.</summary>
internal sealed class StreamConnectionHandler
{
    private readonly IClusterDialer _dialer;
    private readonly IRelayEngine _engine;
    private readonly ConnectionRecorder _recorder;
    private readonly TimeProvider _timeProvider;

    public StreamConnectionHandler(IClusterDialer dialer, IRelayEngine engine, ConnectionRecorder recorder, TimeProvider timeProvider)
    {
        _dialer = dialer;
        _engine = engine;
        _recorder = recorder;
        _timeProvider = timeProvider;
    }

    public async Task RunAsync(TransportConnectionContext connection, StreamModel stream)
    {
        var state = connection.State;
        state.StreamId = stream.StreamId;
        state.AccessLog = stream.AccessLog;
        _recorder.Started(state);
        var dialled = await _dialer.DialAsync(
            new DialRequest
            {
                ClusterId = stream.ClusterId,
                ClientAddress = (state.ClientEndPoint as IPEndPoint)?.Address,
                ConnectTimeout = stream.ConnectTimeout,
                ConnectAttempts = stream.ConnectAttempts,
            },
            CancellationToken.None);
        if (!dialled.IsConnected)
        {
            state.Error = dialled.Error;
            state.TryEnd(dialled.Failure);
            return;
        }

        using var lease = dialled.Lease;
        (state.ClusterId, state.DestinationId) = (stream.ClusterId, lease.Destination.DestinationId);
        var session = new RelaySession(connection.Stream, dialled.Stream);
        state.StartRelay(session, stream.IdleTicks, stream.HalfCloseTicks, _timeProvider.GetTimestamp());
        state.TryEnd(await _engine.RelayAsync(session));
    }
}
