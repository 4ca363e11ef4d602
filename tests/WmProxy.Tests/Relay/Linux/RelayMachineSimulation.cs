using System.Collections.Generic;
using System.Runtime.Versioning;
using WmProxy.Native;
using WmProxy.Relay;
using WmProxy.Relay.Linux;
using WmProxy.Tests.Connections;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>
/// One relay on a <see cref="SimulatedKernel"/>, driven as a <see cref="RelayPair"/> and an <see cref="EventLoop"/> drive it: changes are collected, told of
/// later and in any order, and the relay runs when it is told of one or has asked for a turn. After every step it is held against what the kernel knows.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class RelayMachineSimulation
{
    private const int Steps = 150;
    private const int StepsToEnd = 20_000;

    // Both directions, sixteen rounds each of at most two calls, and the ends.
    private const int MostCalls = (2 * 16 * 2) + 2;

    private readonly SimulatedKernel _kernel;
    private readonly RelaySession _session = new(new ChunkedTransportStream([]), new ChunkedTransportStream([]));
    private readonly RelayMachine<SimulatedRelayCalls, SimulatedPipe> _machine;
    private readonly List<(SimulatedSocket Socket, uint Events)> _collected = [];
    private readonly byte[] _buffer;
    private RelayOutcome _outcome = RelayOutcome.More;
    private bool _failureWasTold;

    private RelayMachineSimulation(int seed)
    {
        _kernel = new SimulatedKernel(seed);
        _machine = new(_session, new SimulatedRelayCalls(_kernel), SimulatedKernel.Client, SimulatedKernel.Upstream);
        _buffer = new byte[_kernel.Random.Next(3) == 0 ? 64 : 16 * 1024];
    }

    private SimulatedSocket Client => _kernel.ClientSocket;

    private SimulatedSocket Upstream => _kernel.UpstreamSocket;

    private bool IsOver => _outcome is not (RelayOutcome.Waiting or RelayOutcome.More);

    /// <summary>Runs a relay from its beginning to its end. Returns how it ended.</summary>
    public static RelayOutcome Run(int seed)
    {
        var simulation = new RelayMachineSimulation(seed);
        simulation.Begin();
        for (var step = 0; step < Steps && !simulation.IsOver; step++)
        {
            simulation.Step();
        }

        simulation._kernel.BecomeQuiet();
        for (var step = 0; !simulation.IsOver; step++)
        {
            Assert.True(step < StepsToEnd, "The relay does not come to an end.");
            simulation._kernel.LetPeersRead();
            simulation.Step();
        }

        simulation.CheckEnd();
        return simulation._outcome;
    }

    private void Begin()
    {
        if (_kernel.Random.Next(3) == 0)
        {
            _machine.SendFirst(RelayDirection.Up, Client.ReadFirst(_kernel.Random.Next(2000) + 1));
        }

        if (_kernel.Random.Next(3) == 0)
        {
            _kernel.LetPeersAct();
        }

        BeginWith(Client);
        BeginWith(Upstream);
        Advance();
    }

    // A socket that is handed over may have been told of before, or found empty.
    private void BeginWith(SimulatedSocket socket)
    {
        if (socket.IsChanged && _kernel.Random.Next(2) == 0)
        {
            // All that is known of it is whether there is something to read, and whether more may be hidden.
            var hides = (socket.TakeEvents() & ~(Epoll.In | Epoll.Out)) != 0;
            Tell(socket, Epoll.In | (hides ? Epoll.PeerHangUp | Epoll.Priority : 0));
        }
        else if (_kernel.Random.Next(2) == 0)
        {
            Tell(socket, Epoll.In);
        }
    }

    private void Step()
    {
        switch (_kernel.Random.Next(4))
        {
            case 0:
                _kernel.LetPeersAct();
                break;
            case 1:
                Collect(Client);
                Collect(Upstream);
                break;
            case 2 when _collected.Count > 0:
                var (socket, events) = _collected[0];
                _collected.RemoveAt(0);
                Tell(socket, events);
                Advance();
                break;
            case 3 when _outcome == RelayOutcome.More:
                Advance();
                break;
        }
    }

    // What epoll_wait(2) returns is told of later, and may not be true any more.
    private void Collect(SimulatedSocket socket)
    {
        if (socket.IsChanged)
        {
            _collected.Insert(_kernel.Random.Next(_collected.Count + 1), (socket, socket.TakeEvents()));
        }
    }

    private void Tell(SimulatedSocket socket, uint events)
    {
        _failureWasTold |= (events & Epoll.Error) != 0 && socket.EndWasRead;
        if (socket == Client)
        {
            _machine.ClientReady(events);
        }
        else
        {
            _machine.UpstreamReady(events);
        }
    }

    private void Advance()
    {
        var before = _kernel.Calls;
        _outcome = _machine.Run(_buffer);
        Assert.InRange(_kernel.Calls - before, 0, MostCalls);
        Assert.Equal(Upstream.Accepted, _session.BytesUp);
        Assert.Equal(Client.Accepted, _session.BytesDown);
        Assert.False(Client.IsWaitingForEnd || Upstream.IsWaitingForEnd, "Bytes are kept back, and nothing comes behind them.");
        if (_outcome == RelayOutcome.Waiting)
        {
            CheckWaits(Client, Upstream);
            CheckWaits(Upstream, Client);
            CheckHoldsNothingIdle();
        }
    }

    // Whoever waits must be told of something, or it waits for ever.
    private void CheckWaits(SimulatedSocket from, SimulatedSocket to)
    {
        if ((from.EndWasRead && from.Read == to.Accepted && !to.SendFailed) || to.SendFailed)
        {
            // This direction is over.
            return;
        }

        if (from.Read > to.Accepted)
        {
            Assert.True(!to.TakesBytes || IsToBeTold(to), "It holds bytes that there is room for.");
        }
        else
        {
            Assert.True(!from.HasSomethingToRead || IsToBeTold(from), "There is something to be read.");
        }
    }

    private bool IsToBeTold(SimulatedSocket socket) => socket.IsChanged || _collected.Exists(told => told.Socket == socket);

    private void CheckHoldsNothingIdle()
    {
        var held = (Client.Read > Upstream.Accepted && !Upstream.SendFailed ? 1 : 0) + (Upstream.Read > Client.Accepted && !Client.SendFailed ? 1 : 0);
        Assert.InRange(_kernel.PipesInUse, 0, held);
        Assert.True(held > 0 || _machine.IsEmpty, "It holds a buffer with nothing in it.");
    }

    private void CheckEnd()
    {
        if (_outcome == RelayOutcome.Completed)
        {
            CheckComplete(Client, Upstream);
            CheckComplete(Upstream, Client);
            Assert.False(_kernel.FailureWasTold || _failureWasTold, "A failure was told of, and the relay ends as if there had been none.");
        }
        else
        {
            var (failed, other) = _outcome == RelayOutcome.ClientFailed ? (Client, Upstream) : (Upstream, Client);
            Assert.True(failed.IsReset, "The side that is blamed did not fail.");
            Assert.True(other.IsReset || other.Accepted == failed.PeerSent, "What came before the failure was not passed on.");
        }

        _machine.Release();
        Assert.True(_machine.IsEmpty);
        Assert.Equal(0, _kernel.PipesInUse);
    }

    private static void CheckComplete(SimulatedSocket from, SimulatedSocket to)
    {
        Assert.True(from.PeerEnded && from.EndWasRead);
        Assert.Equal(from.PeerSent, to.Accepted);
    }
}
