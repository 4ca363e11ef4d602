using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Relay.Linux;

namespace WmProxy.Listeners;

/// <summary>An open address that takes connections: its listening sockets and their acceptors.</summary>
internal sealed class BoundListener : IBoundListener
{
    private readonly Func<ListenAddress, BoundListener, IReadOnlyList<IAcceptor>> _open;
    private IReadOnlyList<IAcceptor> _acceptors;
    private StreamListenerModel _model;
    private int _isOpen = 1;

    private BoundListener(StreamListenerModel model, Func<ListenAddress, BoundListener, IReadOnlyList<IAcceptor>> open)
    {
        _model = model;
        _open = open;
        _acceptors = open(model.Address, this);
        Name = string.Join(", ", Describe().Select(info => info.Address));
    }

    public string Key => _model.Key;

    public string Name { get; }

    ListenerModel IBoundListener.Model
    {
        get => Model;
        set => Volatile.Write(ref _model, (StreamListenerModel)value);
    }

    /// <summary>What happens to connections that are accepted from now on.</summary>
    public StreamListenerModel Model => Volatile.Read(ref _model);

    public bool IsOpen => Volatile.Read(ref _isOpen) != 0;

    public bool IsBound => IsOpen;

    public int Port => (_acceptors[0].EndPoint as IPEndPoint)?.Port ?? 0;

    /// <summary>Opens the address on .NET's sockets, without accepting yet.</summary>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    /// <exception cref="IOException">A file that is not a socket is in the way of a Unix domain socket.</exception>
    public static BoundListener Open(ListenerContext context, StreamListenerModel model) => Open(context, model, static socket => new ValueTask<Socket>(socket.AcceptAsync()));

    // For tests: errors of accept(2) come from elsewhere when a test wants them.
    internal static BoundListener Open(ListenerContext context, StreamListenerModel model, Func<Socket, ValueTask<Socket>> accept) => new(
        model, (address, listener) => [.. ListenerSockets.Open(address).Select(socket => new SocketAcceptor(context, listener, socket, accept))]);

    /// <summary>Opens the address on <paramref name="loops"/>, each with a listening socket of its own where the system shares a port out among several.</summary>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    /// <exception cref="IOException">A file that is not a socket is in the way of a Unix domain socket.</exception>
    public static BoundListener Open(ListenerContext context, StreamListenerModel model, IReadOnlyList<EventLoop> loops) => new(
        model, (address, listener) => OpenOn(loops, context, address, listener));

    /// <summary>The local address of every connection of a listener, where that is the same for all: a wildcard has to ask each time.</summary>
    public static EndPoint? LocalOf(EndPoint? listening) =>
        listening is IPEndPoint { Address: var address } && (address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.Any)) ? null : listening;

    public IEnumerable<ListenerInfo> Describe()
    {
        var model = Model;
        return _acceptors.Select(acceptor => acceptor.EndPoint).Distinct().Select(endPoint => new ListenerInfo(
            Describe(model.Address, endPoint as IPEndPoint), model.Address.ToString(), model.StreamIds) { ForwardProxy = model.ForwardProxyId });
    }

    public void Start()
    {
        foreach (var acceptor in _acceptors)
        {
            acceptor.Start();
        }
    }

    // Accepted connections do not need the listening sockets.
    public void Drain() => Close();

    public bool TryHold() => false;

    public void Release() => throw new InvalidOperationException("It was not held.");

    public void Resume() => throw new InvalidOperationException("It was not held.");

    public void Close()
    {
        // Before the sockets: what is accepted in this moment is either seen by the drain that follows or sees this.
        Interlocked.Exchange(ref _isOpen, 0);
        foreach (var acceptor in _acceptors)
        {
            acceptor.Close();
        }
    }

    public void Reopen()
    {
        // The port that it had, also where the configuration leaves the choice to the system.
        _acceptors = _open(Model.Address with { FirstPort = Port, LastPort = Port }, this);
        Volatile.Write(ref _isOpen, 1);
        Start();
    }

    /// <summary>An address as it is logged, with the real port.</summary>
    public static string Describe(ListenAddress address, IPEndPoint? bound)
    {
        if (bound is null)
        {
            return address.ToString();
        }

        var host = address.Host == "*" ? "*" : bound.Address.ToString();
        return (address with { Host = host, FirstPort = bound.Port, LastPort = bound.Port }).ToString();
    }

    private static List<IAcceptor> OpenOn(IReadOnlyList<EventLoop> loops, ListenerContext context, ListenAddress address, BoundListener listener)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException();
        }

        var acceptors = new List<IAcceptor>();
        var firsts = ListenerSockets.Open(address, isShareable: true);
        try
        {
            foreach (var first in firsts)
            {
                // A Unix domain socket's path can be bound once only.
                var isShared = first.AddressFamily == AddressFamily.Unix;
                foreach (var loop in loops)
                {
                    var socket = isShared || loop == loops[0] ? first : ListenerSockets.OpenShare(first);
                    acceptors.Add(new LinuxAcceptor(context, listener, loop, socket, isShared));
                }
            }

            return acceptors;
        }
        catch
        {
            acceptors.ForEach(acceptor => acceptor.Close());
            foreach (var first in firsts)
            {
                first.Dispose();
            }

            throw;
        }
    }
}
