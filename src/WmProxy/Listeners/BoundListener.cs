using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Diagnostics;

namespace WmProxy.Listeners;

/// <summary>An open address: its sockets and their accept loops. What happens to connections may be replaced while it is open.</summary>
internal sealed partial class BoundListener
{
    // Errors of accept(2) that come from a lack of resources do not go away by trying at once.
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AcceptLogInterval = TimeSpan.FromSeconds(10);

    private readonly ListenerContext _context;
    private readonly ILogger _logger;
    private readonly Func<Socket, ValueTask<Socket>> _accept;
    private IReadOnlyList<(Socket Socket, EndPoint? EndPoint)> _sockets;
    private ListenerModel _model;
    private int _isOpen = 1;
    private long _lastAcceptLog;

    private BoundListener(ListenerContext context, ListenerModel model, IReadOnlyList<Socket> sockets, Func<Socket, ValueTask<Socket>> accept)
    {
        _context = context;
        _logger = context.Logger;
        _model = model;
        _accept = accept;
        _sockets = WithEndPoints(sockets);
        Name = string.Join(", ", Describe().Select(info => info.Address));
    }

    public string Key => _model.Key;

    /// <summary>The addresses it is bound to, for logs.</summary>
    public string Name { get; }

    /// <summary>What happens to connections that are accepted from now on.</summary>
    public ListenerModel Model
    {
        get => Volatile.Read(ref _model);
        set => Volatile.Write(ref _model, value);
    }

    /// <summary>Whether it takes connections; <see langword="false"/> after <see cref="Close"/>.</summary>
    public bool IsOpen => Volatile.Read(ref _isOpen) != 0;

    /// <summary>The real port; 0 for a Unix domain socket.</summary>
    public int Port => (_sockets[0].EndPoint as IPEndPoint)?.Port ?? 0;

    /// <summary>Opens the address without accepting yet.</summary>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    /// <exception cref="IOException">A file that is not a socket is in the way of a Unix domain socket.</exception>
    public static BoundListener Open(ListenerContext context, ListenerModel model) => Open(context, model, static socket => new ValueTask<Socket>(socket.AcceptAsync()));

    // For tests: errors of accept(2) come from elsewhere when a test wants them.
    internal static BoundListener Open(ListenerContext context, ListenerModel model, Func<Socket, ValueTask<Socket>> accept) =>
        new(context, model, ListenerSockets.Open(model.Address), accept);

    public IEnumerable<ListenerInfo> Describe()
    {
        var model = Model;
        return _sockets.Select(item => new ListenerInfo(
            Describe(model.Address, item.EndPoint as IPEndPoint), model.Address.ToString(), model.StreamIds));
    }

    /// <summary>Starts to accept.</summary>
    public void Start()
    {
        foreach (var (socket, endPoint) in _sockets)
        {
            _ = AcceptLoopAsync(socket, endPoint);
        }
    }

    /// <summary>Stops accepting at once; connections that were accepted go on.</summary>
    public void Close()
    {
        // Before the sockets: what is accepted in this moment is either seen by the drain that follows or sees this.
        Interlocked.Exchange(ref _isOpen, 0);
        foreach (var (socket, _) in _sockets)
        {
            // Removes the file of a Unix domain socket too.
            socket.Dispose();
        }
    }

    /// <summary>Opens the address again after <see cref="Close"/>, where the one that was to take its place could not be opened.</summary>
    /// <exception cref="SocketException">Somebody else was faster.</exception>
    /// <exception cref="IOException">Somebody else was faster.</exception>
    public void Reopen()
    {
        // The port that it had, also where the configuration leaves the choice to the system.
        _sockets = WithEndPoints(ListenerSockets.Open(Model.Address with { FirstPort = Port, LastPort = Port }));
        Volatile.Write(ref _isOpen, 1);
        Start();
    }

    private static string Describe(ListenAddress address, IPEndPoint? bound)
    {
        if (bound is null)
        {
            return address.ToString();
        }

        var host = address.Host == "*" ? "*" : bound.Address.ToString();
        return (address with { Host = host, FirstPort = bound.Port, LastPort = bound.Port }).ToString();
    }

    // Kept, because a socket that is closed no longer tells.
    private static List<(Socket Socket, EndPoint? EndPoint)> WithEndPoints(IReadOnlyList<Socket> sockets) => [.. sockets.Select(socket => (socket, socket.LocalEndPoint))];

    private async Task AcceptLoopAsync(Socket socket, EndPoint? endPoint)
    {
        // A specific address is every connection's local address; only a wildcard has to ask for it.
        var local = endPoint is IPEndPoint bound && (bound.Address.Equals(IPAddress.IPv6Any) || bound.Address.Equals(IPAddress.Any))
            ? null
            : endPoint;
        while (true)
        {
            Socket accepted;
            try
            {
                accepted = await _accept(socket);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException ex)
            {
                // A close while waiting arrives as OperationAborted; the next attempt then finds the socket disposed.
                if (ex.SocketErrorCode != SocketError.OperationAborted)
                {
                    await PauseAfterAsync(ex);
                }

                continue;
            }

            var isScarce = DescriptorReserve.IsTouchedBy(accepted);
            _context.Run(accepted, local, this);
            while (isScarce && !socket.SafeHandle.IsClosed)
            {
                await PauseAsync("too few descriptors are left");
                isScarce = DescriptorReserve.IsTouched();
            }
        }
    }

    private async ValueTask PauseAfterAsync(SocketException exception)
    {
        if (exception.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.Interrupted)
        {
            // The client left between the kernel's queue and us (ECONNABORTED): the next one is as good as any.
            return;
        }

        await PauseAsync(exception.Message);
    }

    private async ValueTask PauseAsync(string error)
    {
        var now = _context.TimeProvider.GetTimestamp();
        if (_lastAcceptLog == 0 || _context.TimeProvider.GetElapsedTime(_lastAcceptLog, now) >= AcceptLogInterval)
        {
            _lastAcceptLog = now;
            Log.AcceptFailed(_logger, Model.Address, error);
        }

        await Task.Delay(AcceptPause, _context.TimeProvider);
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.AcceptFailed, LogLevel.Warning, "Accepting on {address} fails: {error}. It is tried again until it works; raise the limit of open files if it is that.", EventName = nameof(AcceptFailed))]
        public static partial void AcceptFailed(ILogger logger, ListenAddress address, string error);
    }
}
