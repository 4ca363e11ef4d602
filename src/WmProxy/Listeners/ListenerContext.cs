using System;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using WmProxy.Connections;
using WmProxy.Diagnostics;

namespace WmProxy.Listeners;

/// <summary>What all listeners share: it runs the pipeline of each accepted connection and keeps the books.</summary>
internal sealed partial class ListenerContext
{
    private readonly ConnectionTable _connections;
    private readonly ConnectionRecorder _recorder;

    public ListenerContext(ConnectionTable connections, ConnectionRecorder recorder, TimeProvider timeProvider, ILogger<ListenerHost> logger)
    {
        _connections = connections;
        _recorder = recorder;
        TimeProvider = timeProvider;
        Logger = logger;
    }

    public TimeProvider TimeProvider { get; }

    public ILogger Logger { get; }

    /// <summary>Runs a connection to its end, on this thread as far as it gets without waiting.</summary>
    public void Run(Socket socket, EndPoint? local, BoundListener listener)
    {
        if (!OperatingSystem.IsLinux() && socket.AddressFamily != AddressFamily.Unix)
        {
            // On Linux it is inherited from the listening socket.
            TrySetNoDelay(socket);
        }

        Run(new SocketTransportStream(socket), Normalize(socket), local, listener);
    }

    /// <inheritdoc cref="Run(Socket, EndPoint?, BoundListener)"/>
    public void Run(TransportStream stream, EndPoint? client, EndPoint? local, BoundListener listener)
    {
        var model = listener.Model;
        var state = new ConnectionState(_connections.NextId(), stream, model.Key, client, local, TimeProvider.GetTimestamp());
        _connections.Add(state);
        if (!listener.IsOpen)
        {
            // Closed between accept and here: a drain may have missed this connection, and it is refused like those in the kernel's queue.
            state.Abort(ConnectionEndReason.Drained);
        }

        _ = RunAsync(new TransportConnectionContext(stream, state), model.Pipeline, model.Address);
    }

    /// <summary>Runs a connection that another server accepted (a Kestrel endpoint, a test) to its end.</summary>
    public Task RunAsync(ConnectionContext accepted, ConnectionDelegate pipeline)
    {
        var stream = new DuplexPipeTransportStream(accepted);
        var state = new ConnectionState(_connections.NextId(), stream, listener: null, accepted.RemoteEndPoint, accepted.LocalEndPoint, TimeProvider.GetTimestamp());
        var connection = new TransportConnectionContext(stream, state);
        _connections.Add(state);
        return RunAsync(connection, pipeline, accepted.LocalEndPoint);
    }

    private static void TrySetNoDelay(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // The client left already; the pipeline finds out.
        }
    }

    private async Task RunAsync(TransportConnectionContext connection, ConnectionDelegate pipeline, object? address)
    {
        var state = connection.State;
        try
        {
            await pipeline(connection);
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // The client left while its connection was being set up, or the sweep ended it.
            state.TryEnd(ConnectionEndReason.ClientGone);
        }
        catch (Exception ex)
        {
            state.TryEnd(ConnectionEndReason.Error);
            Log.ConnectionFailed(Logger, state.Id, address, ex);
        }

        await EndAsync(connection, state);
    }

    private async ValueTask EndAsync(TransportConnectionContext connection, ConnectionState state)
    {
        // A pipeline that says nothing has done what it was there for.
        state.TryEnd(ConnectionEndReason.Completed);
        try
        {
            if (!state.EndsInOrder && state.EndReason is not (ConnectionEndReason.Completed or ConnectionEndReason.TlsHandshakeFailed))
            {
                // Whatever was cut short must not look like an end; a TLS alert, though, is to arrive.
                connection.Stream.Abort();
            }

            await connection.DisposeAsync();
        }
        catch (Exception ex)
        {
            Log.ConnectionFailed(Logger, state.Id, null, ex);
        }
        finally
        {
            try
            {
                _recorder.Ended(state);
            }
            finally
            {
                // Whatever a logger or a meter's listener throws: a row that stays would hold up every drain.
                _connections.Remove(state);
            }
        }
    }

    private static EndPoint? Normalize(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint.Unmap();
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // Already reset by the client.
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.ConnectionFailed, LogLevel.Error, "Connection {id} on {address} failed unexpectedly.", EventName = nameof(ConnectionFailed))]
        public static partial void ConnectionFailed(ILogger logger, long id, object? address, Exception exception);
    }
}
