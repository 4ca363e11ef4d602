using System;
using System.Net;
using System.Threading.Tasks;
using WmProxy.Clusters;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connections.Access;
using WmProxy.Connections.ProxyProtocol;
using WmProxy.Connections.Tls;
using WmProxy.Diagnostics;
using WmProxy.Relay;

namespace WmProxy.Streams;

/// <summary>
/// Takes a connection to a destination of its stream: checks who it is, terminates TLS where that is asked for, dials, relays. The result of
/// every step is recorded in the connection's state.
/// </summary>
internal sealed class StreamConnectionHandler
{
    private readonly IClusterDialer _dialer;
    private readonly IRelayEngine _engine;
    private readonly ConnectionRecorder _recorder;
    private readonly ConnectionTable _connections;
    private readonly TimeProvider _timeProvider;
    private readonly long _handshakeTicks;

    public StreamConnectionHandler(IClusterDialer dialer, IRelayEngine engine, ConnectionRecorder recorder, ConnectionTable connections, TimeProvider timeProvider)
    {
        _dialer = dialer;
        _engine = engine;
        _recorder = recorder;
        _connections = connections;
        _timeProvider = timeProvider;
        _handshakeTicks = (long)(StreamDefaults.HandshakeTimeout.TotalSeconds * timeProvider.TimestampFrequency);
    }

    /// <summary>Gives the connection its time for a step before the dial.</summary>
    public void StartHandshake(ConnectionState state) => state.SetDeadline(_timeProvider.GetTimestamp() + _handshakeTicks);

    public async Task RunAsync(TransportConnectionContext connection, StreamModel stream, bool terminatesTls)
    {
        var state = connection.State;
        state.StreamId = stream.StreamId;
        state.AccessLog = stream.AccessLog;
        _recorder.Started(state);
        var client = state.ClientAddress;
        var refusal = ConnectionAdmission.TryEnter(
            client, stream.Access, stream.State.Connections, stream.MaxConnections, stream.State.ConnectionsPerClient, stream.MaxConnectionsPerClient, out var admission);
        if (refusal != ConnectionEndReason.None)
        {
            state.TryEnd(refusal);
            return;
        }

        try
        {
            await ServeAsync(connection, stream, client, terminatesTls);
        }
        finally
        {
            admission.Leave();
        }
    }

    private async Task ServeAsync(TransportConnectionContext connection, StreamModel stream, IPAddress? client, bool terminatesTls)
    {
        var state = connection.State;
        if (terminatesTls)
        {
            StartHandshake(state);
            if (!await TlsStep.RunAsync(connection, stream.Tls!))
            {
                return;
            }
        }

        // From here on the dialler's own time limits hold.
        state.SetDeadline(0);
        DialResult dialled;
        try
        {
            dialled = await _dialer.DialAsync(
                new DialRequest
                {
                    ClusterId = stream.ClusterId,
                    ClientAddress = client,
                    ConnectTimeout = stream.ConnectTimeout,
                    ConnectAttempts = stream.ConnectAttempts,
                    Beside = state.Accepted,
                    Preface = stream.SentProxyProtocol is { } version ? WriteProxyHeader(version, state) : default,
                },
                _connections.Aborting);
        }
        catch (OperationCanceledException) when (_connections.Aborting.IsCancellationRequested)
        {
            state.TryEnd(ConnectionEndReason.Shutdown);
            return;
        }

        if (!dialled.IsConnected)
        {
            state.ClusterId = stream.ClusterId;
            state.Error = dialled.Error;
            state.TryEnd(dialled.Failure);
            return;
        }

        await using var upstream = dialled.Stream;
        using var lease = dialled.Lease;
        using var bandwidth = stream.Bandwidth?.Rent(client);
        (state.ClusterId, state.DestinationId) = (stream.ClusterId, lease.Destination.DestinationId);
        var session = new RelaySession(connection.Stream, upstream, bandwidth);
        state.StartRelay(session, stream.IdleTicks, stream.HalfCloseTicks, _timeProvider.GetTimestamp());
        state.TryEnd(await _engine.RelayAsync(session));
    }

    private static byte[] WriteProxyHeader(ProxyProtocolVersion version, ConnectionState state) =>
        ProxyProtocolWriter.Write(version, state.ClientEndPoint, state.GetLocalEndPoint());
}
