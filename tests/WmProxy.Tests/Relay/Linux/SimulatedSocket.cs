using System;
using System.Runtime.Versioning;
using WmProxy.Native;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>
/// A TCP socket as Linux behaves, as far as a relay can tell: what the peer sent waits to be read, what is sent waits for the peer, and each change is told
/// of once. Its peer's bytes are a function of their place, so that every byte which the other socket is given can be checked.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class SimulatedSocket
{
    private const int ConnectionReset = 104; // ECONNRESET
    private const int BrokenPipe = 32; // EPIPE
    private const int NotConnected = 107; // ENOTCONN

    private readonly SimulatedKernel _kernel;
    private readonly byte[] _stream;
    private int _error;
    private int _roomWhenShort;
    private bool _isShortOfRoom;

    public SimulatedSocket(SimulatedKernel kernel, byte[] stream) => (_kernel, _stream) = (kernel, stream);

    /// <summary>The socket that this one's bytes go to, and whose bytes it is given.</summary>
    public SimulatedSocket Other { get; set; } = null!;

    /// <summary>How many bytes the peer has sent.</summary>
    public int PeerSent { get; private set; }

    /// <summary>How many of them were read.</summary>
    public int Read { get; private set; }

    /// <summary>How many bytes this side was given to send to the peer.</summary>
    public int Accepted { get; private set; }

    /// <summary>How many of them the peer has not taken.</summary>
    public int Unacknowledged { get; private set; }

    public bool PeerEnded { get; private set; }

    public bool IsReset { get; private set; }

    public bool IsShutDown { get; private set; }

    /// <summary>Whether bytes are kept back for the end that is to go with them.</summary>
    public bool IsWaitingForEnd { get; private set; }

    /// <summary>Whether the relay has read the peer's end, or need not, since it sends the last bytes before it as such.</summary>
    public bool EndWasRead { get; private set; }

    /// <summary>Whether the relay was told of a failure, by a call.</summary>
    public bool FailureWasTold { get; private set; }

    /// <summary>Whether a call to send failed.</summary>
    public bool SendFailed { get; private set; }

    /// <summary>Where urgent data lies: a read stops there (tcp(7)), though there is more behind.</summary>
    public int? UrgentAt { get; private set; }

    /// <summary>Whether something has changed since <see cref="TakeEvents"/>.</summary>
    public bool IsChanged { get; private set; }

    public bool HasSomethingToRead => Read < PeerSent || (PeerEnded && !EndWasRead) || (IsReset && !EndWasRead);

    /// <summary>Whether sending would not be told to wait: there is room, and nobody is waiting to be told of it.</summary>
    public bool TakesBytes => IsReset || !_isShortOfRoom;

    public void PeerSends(int count, bool isUrgent)
    {
        count = Math.Min(count, _stream.Length - PeerSent);
        if (PeerEnded || IsReset || count == 0)
        {
            return;
        }

        if (isUrgent && UrgentAt is null)
        {
            UrgentAt = PeerSent + _kernel.Random.Next(count);
        }

        PeerSent += count;
        IsChanged = true;
    }

    public void PeerEnds()
    {
        if (!PeerEnded && !IsReset)
        {
            PeerEnded = true;
            IsChanged = true;
        }
    }

    public void PeerResets()
    {
        if (!IsReset)
        {
            IsReset = true;
            _error = PeerEnded ? BrokenPipe : ConnectionReset;
            Unacknowledged = 0;
            IsChanged = true;
        }
    }

    /// <summary>The peer takes bytes out of the send buffer. Room is told of only to who was short of it, and only once there is a good deal.</summary>
    public void PeerReads(int count)
    {
        Unacknowledged -= Math.Min(count, Unacknowledged);
        if (_isShortOfRoom && Unacknowledged * 3 <= _roomWhenShort * 2)
        {
            _isShortOfRoom = false;
            IsChanged = true;
        }
    }

    /// <summary>The events of this moment, as epoll_wait(2) gives them for a change.</summary>
    public uint TakeEvents()
    {
        IsChanged = false;
        return (Read < PeerSent || PeerEnded || IsReset ? Epoll.In : 0)
            | (PeerEnded || IsReset ? Epoll.PeerHangUp : 0)
            | ((PeerEnded && IsShutDown) || IsReset ? Epoll.HangUp : 0)
            | (UrgentAt is not null ? Epoll.Priority : 0)
            | (_error != 0 ? Epoll.Error : 0)
            | (IsReset || !_isShortOfRoom ? Epoll.Out : 0);
    }

    public int Receive(Span<byte> buffer)
    {
        if (Read == PeerSent)
        {
            return NothingToRead();
        }

        if (UrgentAt == Read)
        {
            UrgentAt = null;
        }

        var count = Math.Min(buffer.Length, Unread());
        _stream.AsSpan(Read, count).CopyTo(buffer);
        Read += count;
        return count;
    }

    public int SpliceIn(SimulatedPipe pipe)
    {
        if (Read == PeerSent)
        {
            // Where the peer has ended, it tells so or asks to try again; a socket that was reset tells neither end nor error once the error is taken.
            return PeerEnded ? (_kernel.Random.Next(2) == 0 ? NothingToRead() : -Libc.Eagain)
                : IsReset && _error == 0 ? Fail(NotConnected)
                : NothingToRead();
        }

        if (UrgentAt == Read)
        {
            // Nothing to take, and behind an end it does not ask to try again.
            return PeerEnded ? 0 : -Libc.Eagain;
        }

        var count = Math.Min(SimulatedPipe.Capacity, Unread());
        count = _kernel.Random.Next(4) == 0 ? _kernel.Random.Next(count) + 1 : count;
        _stream.AsSpan(Read, count).CopyTo(pipe.Fill(count));
        Read += count;
        return count;
    }

    public int Send(ReadOnlySpan<byte> bytes)
    {
        Assert.NotEqual(0, bytes.Length);
        Assert.False(IsShutDown || IsWaitingForEnd, "Bytes are sent behind an end.");
        if (IsReset)
        {
            SendFailed = true;
            return TakeError() is < 0 and var error ? error : Fail(BrokenPipe);
        }

        var taken = Room(bytes.Length);
        if (!bytes[..taken].SequenceEqual(Other._stream.AsSpan(Accepted, taken)))
        {
            Assert.Fail($"What follows byte {Accepted} is not what the other peer sent there.");
        }

        Accepted += taken;
        Unacknowledged += taken;
        if (taken < bytes.Length)
        {
            (_isShortOfRoom, _roomWhenShort) = (true, Unacknowledged);
        }

        return taken > 0 ? taken : -Libc.Eagain;
    }

    public int SendLast(ReadOnlySpan<byte> bytes)
    {
        Assert.True(Other.PeerEnded && Other.Read == Other.PeerSent, "Something is sent as the last that is not.");
        var sent = Send(bytes);
        if (sent == bytes.Length)
        {
            Other.EndWasRead = IsWaitingForEnd = true;
        }

        return sent;
    }

    public int SpliceOut(SimulatedPipe pipe)
    {
        var sent = Send(pipe.Content);
        if (sent > 0)
        {
            pipe.Drop(sent);
        }

        return sent;
    }

    public int ShutdownSend()
    {
        Assert.False(IsShutDown, "An end is passed on twice.");
        Assert.False(_kernel.FailureWasTold, "A failure was told of, and an end is passed on.");
        Assert.True(Other.EndWasRead, "An end is passed on that did not come.");
        Assert.Equal(Other.PeerSent, Accepted);
        IsWaitingForEnd = false;
        if (IsReset)
        {
            return Fail(NotConnected);
        }

        IsShutDown = true;
        return 0;
    }

    /// <summary>Begins with bytes that were read before the relay began.</summary>
    public ReadOnlySpan<byte> ReadFirst(int count)
    {
        Read = count;
        PeerSent = Math.Max(PeerSent, count);
        return _stream.AsSpan(0, count);
    }

    private int Unread() => (UrgentAt is { } mark && mark > Read ? mark : PeerSent) - Read;

    // An end is told before an error behind it, as tcp_recvmsg does.
    private int NothingToRead()
    {
        if (PeerEnded)
        {
            EndWasRead = true;
            return 0;
        }

        if (TakeError() is < 0 and var error)
        {
            return error;
        }

        // What is left of a reset whose error was taken already looks like an end.
        EndWasRead = IsReset;
        return IsReset ? 0 : -Libc.Eagain;
    }

    // The system takes as much as it likes; with less than it was offered, it is out of room.
    private int Room(int count)
    {
        if (_isShortOfRoom)
        {
            return 0;
        }

        return _kernel.Random.Next(3) switch
        {
            0 => 0,
            1 => _kernel.Random.Next(count) + 1,
            _ => count,
        };
    }

    private int TakeError()
    {
        var error = _error;
        _error = 0;
        return error == 0 ? 0 : Fail(error);
    }

    private int Fail(int error)
    {
        FailureWasTold = true;
        return -error;
    }
}
