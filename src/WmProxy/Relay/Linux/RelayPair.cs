using System;
using System.Runtime.Versioning;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;
using WmProxy.Connections;
using WmProxy.Native;

namespace WmProxy.Relay.Linux;

/// <summary>Two sockets of one event loop that are relayed to each other on its thread, until both are closed.</summary>
[SupportedOSPlatform("linux")]
internal sealed class RelayPair : EventLoopHandler, ILinuxSocketOwner, IEventLoopCommand, IValueTaskSource<ConnectionEndReason>
{
    private readonly EventLoop _loop;
    private readonly RelaySession _session;
    private readonly LinuxSocketStream _client;
    private readonly LinuxSocketStream _upstream;
    private readonly RelayMachine<KernelRelayCalls, SplicePipe> _machine;
    private ManualResetValueTaskSourceCore<ConnectionEndReason> _core;
    private bool _hasEnded;

    private RelayPair(RelaySession session, LinuxSocketStream client, LinuxSocketStream upstream)
    {
        _loop = client.Loop;
        (_session, _client, _upstream) = (session, client, upstream);
        _machine = new RelayMachine<KernelRelayCalls, SplicePipe>(session, new KernelRelayCalls(_loop), client.Descriptor, upstream.Descriptor);
    }

    /// <summary>Relays two sockets of the same loop; completes on its thread with the reason that was recorded first.</summary>
    public static ValueTask<ConnectionEndReason> RunAsync(RelaySession session, LinuxSocketStream client, LinuxSocketStream upstream)
    {
        var pair = new RelayPair(session, client, upstream);
        var version = pair._core.Version;
        if (pair._loop.IsCurrent)
        {
            pair.Run(pair._loop);
        }
        else
        {
            pair._loop.Post(pair);
        }

        return new ValueTask<ConnectionEndReason>(pair, version);
    }

    /// <summary>Begins, on the loop's thread.</summary>
    public void Run(EventLoop loop)
    {
        if (_session.EndReason != ConnectionEndReason.None || _client.IsClosing || _upstream.IsClosing)
        {
            // Somebody was faster.
            End(ConnectionEndReason.ClientReset);
            return;
        }

        Take(_client, RelayDirection.Up);
        Take(_upstream, RelayDirection.Down);
        _machine.ClientReady(EventsOf(_client));
        _machine.UpstreamReady(EventsOf(_upstream));
        Advance();
    }

    public override void OnReady(uint events) => throw new NotSupportedException("Only the sockets are watched.");

    public override void OnTurn() => Advance();

    public void OnReady(LinuxSocketStream socket, uint events)
    {
        if (!socket.IsTcp && (events & Epoll.PeerHangUp) != 0)
        {
            // Its reads stop at descriptors sent along too, which nothing tells of.
            events |= Epoll.Priority;
        }

        if (socket == _client)
        {
            _machine.ClientReady(events);
        }
        else
        {
            _machine.UpstreamReady(events);
        }

        Advance();
    }

    public void OnAborted(LinuxSocketStream socket) =>
        End(socket == _client ? ConnectionEndReason.ClientReset : ConnectionEndReason.UpstreamReset);

    ConnectionEndReason IValueTaskSource<ConnectionEndReason>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ConnectionEndReason>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<ConnectionEndReason>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    // What it is that may hide more is not known any more: anything.
    private static uint EventsOf(LinuxSocketStream socket) => (socket.IsReadable ? Epoll.In : 0) | (socket.MayHideMore ? Epoll.PeerHangUp | Epoll.Priority : 0);

    private void Take(LinuxSocketStream socket, RelayDirection direction)
    {
        // What was read while the connection was being decided on goes first.
        var buffered = socket.Buffered;
        _machine.SendFirst(direction, buffered.Span);
        socket.Consume(buffered.Length);
        socket.HandOver(this);
    }

    private void Advance()
    {
        if (_hasEnded)
        {
            return;
        }

        switch (_machine.Run(_loop.Buffer))
        {
            case RelayOutcome.Waiting:
                break;
            case RelayOutcome.More:
                _loop.Schedule(this);
                break;
            case RelayOutcome.Completed:
                End(ConnectionEndReason.Completed);
                break;
            case RelayOutcome.ClientFailed:
                End(ConnectionEndReason.ClientReset);
                break;
            default:
                End(ConnectionEndReason.UpstreamReset);
                break;
        }
    }

    private void End(ConnectionEndReason reason)
    {
        if (_hasEnded)
        {
            return;
        }

        _hasEnded = true;
        _session.Record(reason);
        var recorded = _session.EndReason;
        _machine.Release();
        _client.Close(reset: recorded != ConnectionEndReason.Completed);
        _upstream.Close(reset: recorded != ConnectionEndReason.Completed);
        _core.SetResult(recorded);
    }
}
