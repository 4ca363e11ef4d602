using System.Net;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;

namespace WmProxy.Listeners;

/// <summary>The one listener of a server that is handed its connections: a bounded queue between whoever accepted them and the server.</summary>
internal sealed class HandOffListener : IConnectionListener, IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    // The server takes them at once; who finds the queue full waits.
    private const int Backlog = 256;

    private readonly Channel<ConnectionContext> _connections = Channel.CreateBounded<ConnectionContext>(Backlog);

    public HandOffListener(HandOffEndPoint endPoint) => EndPoint = endPoint;

    public EndPoint EndPoint { get; }

    public bool CanBind(EndPoint endpoint) => endpoint is HandOffEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(this);

    /// <summary>Gives the server a connection; <see langword="false"/> when it takes no more.</summary>
    public async ValueTask<bool> TryHandOffAsync(HandOffConnection connection)
    {
        try
        {
            await _connections.Writer.WriteAsync(connection);
            return true;
        }
        catch (ChannelClosedException)
        {
            return false;
        }
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await _connections.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        if (!_connections.Writer.TryComplete())
        {
            return;
        }

        // Nobody takes these any more.
        while (_connections.Reader.TryRead(out var connection))
        {
            connection.Abort(new ConnectionAbortedException("The server stops."));
            await connection.DisposeAsync();
        }
    }

    public ValueTask DisposeAsync() => UnbindAsync();
}
