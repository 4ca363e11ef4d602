using System;
using System.Buffers;
using System.Runtime.Versioning;
using WmProxy.Native;

namespace WmProxy.Relay.Linux;

/// <summary>
/// Decides what to do with two sockets that are relayed to each other, from what it was told of their readiness. Readiness is told once (edge-triggered), so
/// it is remembered until a call says otherwise. One thread at a time; holds a buffer or a pipe only while there is something in it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class RelayMachine<TCalls, TPipe>
    where TCalls : struct, IRelayCalls<TPipe>
    where TPipe : class
{
    // How much a direction may move before others get the thread.
    private const int RoundsPerTurn = 16;

    // A direction of full reads is a bulk transfer; anything smaller is not worth a pipe.
    private const int FullReadsBeforeSplice = 3;
    private const int SmallRead = 8 * 1024;

    // What a read of less than there was room for does not show: an end, which is told of once, and bytes behind urgent data, where every read stops (tcp(7)).
    private const uint HidesMore = Epoll.PeerHangUp | Epoll.HangUp | Epoll.Error | Epoll.Priority;

    private readonly RelaySession _session;
    private readonly TCalls _calls;
    private readonly int _client;
    private readonly int _upstream;
    private Direction _up;
    private Direction _down;
    private RelayOutcome _failure;

    public RelayMachine(RelaySession session, TCalls calls, int client, int upstream)
    {
        (_session, _calls, _client, _upstream) = (session, calls, client, upstream);
    }

    /// <summary>Whether nothing is held: no buffer, no pipe.</summary>
    public bool IsEmpty => _up is { Unsent: null, Pipe: null } && _down is { Unsent: null, Pipe: null };

    /// <summary>Has <paramref name="bytes"/>, which came before the relay began, sent ahead of everything else of their direction.</summary>
    public void SendFirst(RelayDirection direction, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            KeepUnsent(ref direction == RelayDirection.Up ? ref _up : ref _down, bytes);
        }
    }

    /// <summary>The client's socket is ready for <paramref name="events"/> (bits of <see cref="Epoll"/>).</summary>
    public void ClientReady(uint events) => Ready(ref _up, ref _down, events, RelayOutcome.ClientFailed);

    /// <inheritdoc cref="ClientReady"/>
    public void UpstreamReady(uint events) => Ready(ref _down, ref _up, events, RelayOutcome.UpstreamFailed);

    /// <summary>Does what can be done, with <paramref name="buffer"/> to copy through.</summary>
    public RelayOutcome Run(Span<byte> buffer)
    {
        var isMore = false;
        if (_up.CanRun && !TryPump(ref _up, RelayDirection.Up, _client, _upstream, buffer, ref isMore))
        {
            return _failure;
        }

        if (_down.CanRun && !TryPump(ref _down, RelayDirection.Down, _upstream, _client, buffer, ref isMore))
        {
            return _failure;
        }

        if (_up.HasEnded && _down.HasEnded)
        {
            return _failure == RelayOutcome.Waiting ? RelayOutcome.Completed : _failure;
        }

        // The failed write of the second direction may have left something to read for the first.
        return isMore || (_failure != RelayOutcome.Waiting && _up.CanRun) ? RelayOutcome.More : RelayOutcome.Waiting;
    }

    /// <summary>Gives back what is held; the machine is not to be run any more.</summary>
    public void Release()
    {
        Release(ref _up);
        Release(ref _down);
    }

    // A socket is the source of one direction and the target of the other.
    private void Ready(ref Direction from, ref Direction towards, uint events, RelayOutcome failure)
    {
        if (from.HasEnded && (events & Epoll.Error) != 0 && _failure == RelayOutcome.Waiting)
        {
            // A reset behind its end: nobody reads there any more, and what is on its way to it is lost.
            _failure = failure;
            towards.HasEnded = true;
        }

        if ((events & (Epoll.In | HidesMore)) != 0)
        {
            from.IsReadable = true;
            from.Hiding |= events & HidesMore;
        }

        if ((events & (Epoll.Out | Epoll.HangUp | Epoll.Error)) != 0)
        {
            towards.IsBlocked = false;
        }
    }

    private static void KeepUnsent(ref Direction direction, ReadOnlySpan<byte> bytes)
    {
        direction.Unsent = ArrayPool<byte>.Shared.Rent(bytes.Length);
        (direction.Start, direction.End) = (0, bytes.Length);
        bytes.CopyTo(direction.Unsent);
    }

    /// <summary>Moves one direction; <see langword="false"/> when the relay has failed.</summary>
    private bool TryPump(ref Direction direction, RelayDirection which, int from, int to, Span<byte> buffer, ref bool isMore)
    {
        var step = Step.Again;
        for (var round = 0; round < RoundsPerTurn && step == Step.Again; round++)
        {
            step = Move(ref direction, which, from, to, buffer);
        }

        var (source, target) = which == RelayDirection.Up
            ? (RelayOutcome.ClientFailed, RelayOutcome.UpstreamFailed)
            : (RelayOutcome.UpstreamFailed, RelayOutcome.ClientFailed);
        if (step == Step.End && _failure == RelayOutcome.Waiting)
        {
            if (TryEnd(ref direction, to))
            {
                return true;
            }

            step = Step.WriteFailed;
        }

        switch (step)
        {
            case Step.Again:
                isMore = true;
                return true;
            case Step.Wait:
                return true;
            case Step.WriteFailed when _failure == RelayOutcome.Waiting:
                FailWrite(ref direction, ref which == RelayDirection.Up ? ref _down : ref _up, target);
                return !(_up.HasEnded && _down.HasEnded);
            default:
                // Everything that came before the failure has been passed on; the other side must see it as a failure. So must an end behind a failed write,
                // which has taken the error of the reset with it.
                _failure = _failure == RelayOutcome.Waiting ? source : _failure;
                return false;
        }
    }

    private bool TryEnd(ref Direction direction, int to)
    {
        direction.HasEnded = true;

        // The close that follows the last end sends the FIN.
        return _session.DirectionEnded() || _calls.ShutdownSend(to) >= 0;
    }

    // The failed side may still hold bytes that it sent before: they are read and passed on until that meets the failure too.
    private void FailWrite(ref Direction direction, ref Direction opposite, RelayOutcome target)
    {
        _failure = target;
        direction.HasEnded = true;
        Release(ref direction);
        (opposite.IsReadable, opposite.Hiding) = (true, HidesMore);
    }

    private Step Move(ref Direction direction, RelayDirection which, int from, int to, Span<byte> buffer)
    {
        // What was read goes out before anything is read behind it.
        if (direction.Unsent is not null)
        {
            return SendUnsent(ref direction, which, to);
        }

        if (direction.InPipe > 0)
        {
            return SendPiped(ref direction, which, to);
        }

        if (!direction.IsReadable)
        {
            return Step.Wait;
        }

        return direction.FullReads >= FullReadsBeforeSplice ? FillPipe(ref direction, from) : Copy(ref direction, which, from, to, buffer);
    }

    private Step Copy(ref Direction direction, RelayDirection which, int from, int to, Span<byte> buffer)
    {
        var received = _calls.Receive(from, buffer);
        if (received <= 0)
        {
            return NothingRead(ref direction, received);
        }

        // A short read has emptied the socket: what comes later is told of.
        var isFull = received == buffer.Length;
        direction.IsReadable = isFull || direction.MayHideMore;
        direction.FullReads = isFull ? Math.Min(direction.FullReads + 1, FullReadsBeforeSplice) : received < SmallRead ? 0 : direction.FullReads;

        // With the end told of before, this was all. It goes out with it, as one packet; the very last end is that of closing, which may have to be a reset.
        var isLast = !isFull && direction.OnlyEndIsHidden && _failure == RelayOutcome.Waiting && !(which == RelayDirection.Up ? _down : _up).HasEnded;
        var sent = isLast ? _calls.SendLast(to, buffer[..received]) : _calls.Send(to, buffer[..received]);
        if (sent < 0)
        {
            if (sent != -Libc.Eagain)
            {
                return Step.WriteFailed;
            }

            sent = 0;
        }

        _session.AddBytes(which, sent);
        if (sent == received)
        {
            return isLast ? Step.End : direction.IsReadable ? Step.Again : Step.Wait;
        }

        // The kernel took what there was room for: it tells when there is more.
        KeepUnsent(ref direction, buffer[sent..received]);
        direction.IsBlocked = true;
        return Step.Wait;
    }

    private Step FillPipe(ref Direction direction, int from)
    {
        if (direction.Pipe is null && (direction.Pipe = _calls.RentPipe()) is null)
        {
            // Out of descriptors: copying always works, and a pipe may be had later.
            direction.FullReads = 0;
            return Step.Again;
        }

        var received = _calls.SpliceIn(from, direction.Pipe);
        if (received > 0)
        {
            direction.InPipe = received;
            direction.FullReads = received < SmallRead ? 0 : direction.FullReads;
            return Step.Again;
        }

        // Given back meanwhile, so that a transfer that pauses holds no descriptors.
        ReturnPipe(ref direction);
        if (received == 0 || (received == -Libc.Eagain && direction.MayHideMore))
        {
            // Where there is urgent data splice(2) does not get past it and gives what it gives for a pause or an end, which it does not tell apart anyway.
            // Only recv(2) is to be believed.
            direction.FullReads = 0;
            return Step.Again;
        }

        return NothingRead(ref direction, received);
    }

    private Step SendPiped(ref Direction direction, RelayDirection which, int to)
    {
        var sent = _calls.SpliceOut(direction.Pipe!, to, direction.InPipe);
        if (sent <= 0)
        {
            direction.IsBlocked = sent == -Libc.Eagain;
            return direction.IsBlocked ? Step.Wait : Step.WriteFailed;
        }

        direction.InPipe -= sent;
        _session.AddBytes(which, sent);
        if (direction.InPipe == 0 && direction.FullReads < FullReadsBeforeSplice)
        {
            ReturnPipe(ref direction);
        }

        return Step.Again;
    }

    private Step SendUnsent(ref Direction direction, RelayDirection which, int to)
    {
        var sent = _calls.Send(to, direction.Unsent.AsSpan(direction.Start, direction.End - direction.Start));
        if (sent < 0)
        {
            direction.IsBlocked = sent == -Libc.Eagain;
            return direction.IsBlocked ? Step.Wait : Step.WriteFailed;
        }

        _session.AddBytes(which, sent);
        direction.Start += sent;
        if (direction.Start == direction.End)
        {
            ReturnUnsent(ref direction);
        }

        return Step.Again;
    }

    private static Step NothingRead(ref Direction direction, int result)
    {
        direction.IsReadable = false;
        return result == 0 ? Step.End : result == -Libc.Eagain ? Step.Wait : Step.ReadFailed;
    }

    private static void ReturnUnsent(ref Direction direction)
    {
        if (direction.Unsent is { } unsent)
        {
            direction.Unsent = null;
            ArrayPool<byte>.Shared.Return(unsent);
        }
    }

    private void ReturnPipe(ref Direction direction)
    {
        if (direction.Pipe is { } pipe)
        {
            direction.Pipe = null;
            _calls.ReturnPipe(pipe, direction.InPipe);
            direction.InPipe = 0;
        }
    }

    private void Release(ref Direction direction)
    {
        ReturnUnsent(ref direction);
        ReturnPipe(ref direction);
    }

    private enum Step
    {
        Again,
        Wait,
        End,
        ReadFailed,
        WriteFailed,
    }

    private struct Direction
    {
        public byte[]? Unsent;
        public TPipe? Pipe;
        public int Start;
        public int End;
        public int InPipe;
        public int FullReads;
        public uint Hiding;
        public bool IsReadable;
        public bool IsBlocked;
        public bool HasEnded;

        /// <summary>Whether a short read may have left something.</summary>
        public readonly bool MayHideMore => Hiding != 0;

        /// <summary>Whether that can be nothing but the end, which comes behind everything else.</summary>
        public readonly bool OnlyEndIsHidden => Hiding == Epoll.PeerHangUp;

        public readonly bool CanRun => !HasEnded && !IsBlocked && (IsReadable || Unsent is not null || InPipe > 0);
    }
}
