using System;
using System.Buffers;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Tasks;
using WmProxy.Native;

namespace WmProxy.Relay.Portable;

/// <summary>
/// Moves one direction between two sockets on Linux. .NET's sockets tell when there is something to read (a zero-byte receive) or room to
/// write; the bytes themselves go through recv(2) and send(2) on a buffer of the thread, or through splice(2) once a transfer has shown
/// that it is large. So an idle connection holds no buffer, and a blocked one only the bytes that the receiver did not take.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class DirectPump : IDisposable
{
    private const int BufferSize = 64 * 1024;

    // A direction of full reads is a bulk transfer; anything smaller is not worth a pipe.
    private const int FullReadsBeforeSplice = 3;
    private const int SmallRead = 8 * 1024;

    // How much one connection may move before others get the thread.
    private const int RoundsPerTurn = 16;

    [ThreadStatic]
    private static byte[]? _threadBuffer;

    private readonly RelaySession _session;
    private readonly RelayDirection _direction;
    private readonly Socket _from;
    private readonly Socket _to;
    private int _fullReads;
    private bool _spliceUnavailable;
    private bool _spliceFoundNothing;
    private SplicePipe? _pipe;
    private byte[]? _unsent;
    private int _unsentStart;
    private int _unsentEnd;

    public DirectPump(RelaySession session, RelayDirection direction, Socket from, Socket to)
    {
        _session = session;
        _direction = direction;
        _from = from;
        _to = to;
    }

    /// <summary>Where bytes come from, to wait for more.</summary>
    public Socket From => _from;

    /// <summary>Moves what can be moved without waiting; the result says what to wait for, or how the direction ended.</summary>
    public PumpStatus Move()
    {
        for (var round = 0; round < RoundsPerTurn; round++)
        {
            // What is in the pipe goes first, whatever the size of the last read says.
            var status = _pipe is { Pending: > 0 } || (_fullReads >= FullReadsBeforeSplice && !_spliceUnavailable) ? Splice() : Copy();
            if (status != PumpStatus.Yield)
            {
                return status;
            }
        }

        return PumpStatus.Yield;
    }

    private PumpStatus Copy()
    {
        var buffer = _threadBuffer ??= GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
        var received = Libc.Receive(_from.SafeHandle, buffer);
        if (received <= 0)
        {
            return received == 0 ? PumpStatus.EndOfStream : received == -Libc.Eagain ? PumpStatus.NeedsRead : PumpStatus.ReadFailed;
        }

        _fullReads = received == BufferSize ? _fullReads + 1 : received < SmallRead ? 0 : _fullReads;
        _session.Writing(_direction);
        var sent = Libc.Send(_to.SafeHandle, buffer.AsSpan(0, received));
        if (sent < 0 && sent != -Libc.Eagain)
        {
            return PumpStatus.WriteFailed;
        }

        _session.Written(_direction);
        sent = Math.Max(sent, 0);
        _session.AddBytes(_direction, sent);
        if (sent < received)
        {
            KeepUnsent(buffer.AsSpan(sent, received - sent));
            return PumpStatus.NeedsWrite;
        }

        // A short read means that the socket is most likely empty: waiting is cheaper than asking again.
        return received < BufferSize ? PumpStatus.NeedsRead : PumpStatus.Yield;
    }

    private PumpStatus Splice()
    {
        if (_pipe is null && !RentPipe())
        {
            return PumpStatus.Yield;
        }

        var pipe = _pipe!;
        if (pipe.Pending == 0)
        {
            var received = Libc.SpliceIn(_from.SafeHandle, pipe.WriteEnd, SplicePipe.Capacity);
            if (received <= 0)
            {
                // Nothing there: the pipe is given back meanwhile, so that a transfer that pauses holds no descriptors.
                _pipe = null;
                pipe.Return();
                return received is 0 or -Libc.Eagain ? NothingToSplice(isEnd: received == 0) : PumpStatus.ReadFailed;
            }

            _spliceFoundNothing = false;
            pipe.Pending = received;
            if (received < SmallRead)
            {
                _fullReads = 0;
            }
        }

        while (pipe.Pending > 0)
        {
            _session.Writing(_direction);
            var sent = Libc.SpliceOut(pipe.ReadEnd, _to.SafeHandle, pipe.Pending);
            if (sent <= 0)
            {
                return sent == -Libc.Eagain ? KeepUnsentOfPipe(pipe) : PumpStatus.WriteFailed;
            }

            _session.Written(_direction);
            pipe.Pending -= sent;
            _session.AddBytes(_direction, sent);
        }

        if (_fullReads < FullReadsBeforeSplice)
        {
            _pipe = null;
            pipe.Return();
        }

        return PumpStatus.Yield;
    }

    // Where there is urgent data (tcp(7)) splice(2) does not get past it and gives what it gives for a pause or an end, which it does not tell apart anyway. So
    // recv(2) has a try before an end is believed, and when nothing was found again after a wait.
    private PumpStatus NothingToSplice(bool isEnd)
    {
        if (!isEnd && !_spliceFoundNothing)
        {
            _spliceFoundNothing = true;
            return PumpStatus.NeedsRead;
        }

        (_fullReads, _spliceFoundNothing) = (0, false);
        return PumpStatus.Yield;
    }

    private bool RentPipe()
    {
        _pipe = SplicePipe.TryRent();
        if (_pipe is null)
        {
            // Out of descriptors: copying always works.
            _spliceUnavailable = true;
            return false;
        }

        // splice(2) has no flag against blocking on the socket's side; the descriptors must be non-blocking themselves.
        _from.Blocking = false;
        _to.Blocking = false;
        return true;
    }

    public void Dispose()
    {
        ReturnUnsent();
        _pipe?.Return();
        _pipe = null;
    }

    private void KeepUnsent(ReadOnlySpan<byte> bytes)
    {
        _unsent = ArrayPool<byte>.Shared.Rent(bytes.Length);
        (_unsentStart, _unsentEnd) = (0, bytes.Length);
        bytes.CopyTo(_unsent);
    }

    // .NET's sockets have no wait for room to write other than writing, so a little of the pipe goes through a send.
    private PumpStatus KeepUnsentOfPipe(SplicePipe pipe)
    {
        _unsent = ArrayPool<byte>.Shared.Rent(4096);
        var read = Libc.Read(pipe.ReadEnd, _unsent.AsSpan(0, Math.Min(4096, pipe.Pending)));
        if (read <= 0)
        {
            return PumpStatus.WriteFailed;
        }

        pipe.Pending -= read;
        (_unsentStart, _unsentEnd) = (0, read);
        return PumpStatus.NeedsWrite;
    }

    /// <summary>Waits until the receiver has taken what it did not take before.</summary>
    public async ValueTask SendUnsentAsync()
    {
        _session.Writing(_direction);
        while (_unsentStart < _unsentEnd)
        {
            var sent = await _to.SendAsync(_unsent.AsMemory(_unsentStart, _unsentEnd - _unsentStart), SocketFlags.None);
            _unsentStart += sent;
            _session.AddBytes(_direction, sent);
        }

        _session.Written(_direction);
        ReturnUnsent();
    }

    private void ReturnUnsent()
    {
        var unsent = _unsent;
        _unsent = null;
        if (unsent is not null)
        {
            ArrayPool<byte>.Shared.Return(unsent);
        }
    }
}
