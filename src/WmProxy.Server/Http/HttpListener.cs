using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using WmProxy.Diagnostics;
using WmProxy.Listeners;

namespace WmProxy.Server.Http;

/// <summary>An open address of Kestrel's. A lack of descriptors or memory makes it wait; it ends only when it is closed.</summary>
internal sealed partial class HttpListener : IConnectionListener
{
    // What accept(2) fails for does not go away by trying at once.
    public static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);
    public static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly SocketConnectionContextFactory _connections;
    private readonly bool _noDelay;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private long? _lastLog;
    private bool _isScarce;

    public HttpListener(Socket socket, SocketConnectionContextFactory connections, bool noDelay, TimeProvider timeProvider, ILogger logger)
    {
        _socket = socket;
        _connections = connections;
        _noDelay = noDelay && socket.AddressFamily != AddressFamily.Unix;
        _timeProvider = timeProvider;
        _logger = logger;
        EndPoint = socket.LocalEndPoint!;
    }

    public EndPoint EndPoint { get; }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            while (_isScarce && !_socket.SafeHandle.IsClosed)
            {
                await PauseAsync("too few descriptors are left", cancellationToken);
                _isScarce = DescriptorReserve.IsTouched();
            }

            try
            {
                var accepted = await _socket.AcceptAsync(cancellationToken);
                _isScarce = DescriptorReserve.IsTouchedBy(accepted);
                if (TryCreate(accepted) is { } connection)
                {
                    return connection;
                }
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException exception)
            {
                switch (exception.SocketErrorCode)
                {
                    case SocketError.OperationAborted:
                        return null;
                    case SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.Interrupted:
                        // The client left while it was in the queue: the next one is as good as any.
                        break;
                    default:
                        await PauseAsync(exception.Message, cancellationToken);
                        break;
                }
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _connections.Dispose();
        return ValueTask.CompletedTask;
    }

    private ConnectionContext? TryCreate(Socket accepted)
    {
        try
        {
            if (_noDelay)
            {
                accepted.NoDelay = true;
            }

            return _connections.Create(accepted);
        }
        catch (SocketException)
        {
            // It was reset as soon as it was accepted.
            accepted.Dispose();
            return null;
        }
    }

    private Task PauseAsync(string error, CancellationToken cancellationToken)
    {
        var now = _timeProvider.GetTimestamp();
        if (_lastLog is not { } last || _timeProvider.GetElapsedTime(last, now) >= LogInterval)
        {
            _lastLog = now;
            Log.HttpAcceptFailed(_logger, EndPoint, error);
        }

        return Task.Delay(AcceptPause, _timeProvider, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.HttpAcceptFailed, LogLevel.Warning, "Accepting on http://{Address} fails: {Error}. It is tried again until it works; raise the limit of open files if it is that")]
        public static partial void HttpAcceptFailed(ILogger logger, EndPoint address, string error);
    }
}
