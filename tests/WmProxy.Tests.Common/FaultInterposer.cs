using System;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>
/// A man in the middle of TCP connections: forwards to one target and misbehaves as told, for each direction, also on connections that are
/// already open.
/// </summary>
public sealed class FaultInterposer : IAsyncDisposable
{
    private readonly EndPoint _target;
    private readonly TestServerSocket _server;
    private readonly ConcurrentDictionary<FaultPump, bool> _pumps = new();
    private readonly FaultSwitch _toServer = new();
    private readonly FaultSwitch _toClient = new();

    public FaultInterposer(EndPoint target, EndPoint? listenOn = null)
    {
        _target = target;
        _server = new TestServerSocket(ForwardAsync, listenOn);
    }

    public EndPoint EndPoint => _server.EndPoint;

    public int Port => _server.Port;

    public string Address => _server.Address;

    public int AcceptedCount => _server.AcceptedCount;

    /// <summary>Changes the mode of one direction or both, on open connections and those to come.</summary>
    public void Set(FaultMode mode, FaultDirection direction = FaultDirection.Both)
    {
        if (direction.HasFlag(FaultDirection.ToServer))
        {
            _toServer.Set(mode);
        }

        if (direction.HasFlag(FaultDirection.ToClient))
        {
            _toClient.Set(mode);
        }

        foreach (var pump in _pumps.Keys)
        {
            pump.OnModeChanged();
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ForwardAsync(RawConnection client, CancellationToken cancellationToken)
    {
        if (_toServer.Mode == FaultMode.Reset || _toClient.Mode == FaultMode.Reset)
        {
            client.Reset();
            return;
        }

        RawConnection server;
        try
        {
            server = await RawClient.ConnectAsync(_target);
        }
        catch (SocketException)
        {
            client.Reset();
            return;
        }

        var up = new FaultPump(client, server, _toServer);
        var down = new FaultPump(server, client, _toClient);
        _pumps[up] = true;
        _pumps[down] = true;
        try
        {
            // A mode set between the check above and here was not seen by the pumps.
            up.OnModeChanged();
            down.OnModeChanged();
            await Task.WhenAll(up.RunAsync(cancellationToken), down.RunAsync(cancellationToken));
        }
        finally
        {
            _pumps.TryRemove(up, out _);
            _pumps.TryRemove(down, out _);
            server.Dispose();
        }
    }
}
