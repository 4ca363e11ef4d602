using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Native;

namespace WmProxy.Relay.Linux;

/// <summary>
/// A connected TCP or Unix domain socket of an event loop. Reads and writes work from every thread, but happen on the loop's, which also runs what waits for
/// them. Once both sides of a connection are known, a relay takes the socket over.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxSocketStream : TransportStream
{
    // What a read of less than there was room for does not show: an end, which is told of once, and bytes behind urgent data, where every read stops (tcp(7)).
    private const uint HidesMore = Epoll.PeerHangUp | Epoll.HangUp | Epoll.Error | Epoll.Priority;

    // How often a reader finds something at once before others get the thread.
    private const int ReadsPerRound = 16;

    private readonly EventLoop _loop;
    private readonly Readiness _readiness;
    private readonly bool _isTcp;
    private SocketOperation? _read;
    private SocketOperation? _write;
    private ILinuxSocketOwner? _owner;
    private int _descriptor;
    private uint _round;
    private int _reads;
    private bool _isWritable = true;
    private bool _isConnecting;
    private int _isClosing;

    private LinuxSocketStream(EventLoop loop, int descriptor, bool isTcp)
    {
        _loop = loop;
        _descriptor = descriptor;
        _isTcp = isTcp;
        _readiness = new Readiness(this);
    }

    public override Socket? RawSocket => null;

    public EventLoop Loop => _loop;

    /// <summary>The descriptor, for the loop's thread only; -1 once it is closed.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Whether it is a TCP socket, not a Unix domain one.</summary>
    public bool IsTcp => _isTcp;

    /// <summary>Whether somebody has asked for its end.</summary>
    public bool IsClosing => Volatile.Read(ref _isClosing) != 0;

    /// <summary>
    /// Whether there may be something to read: readiness is told once only, so it is remembered until a read finds nothing. What is there from the beginning
    /// is told of too, in the loop's next round: most often nothing is, and asking would be for nothing.
    /// </summary>
    public bool IsReadable { get; private set; }

    /// <summary>Whether a short read may have left something: the peer has ended its direction, the connection has failed, or there is urgent data.</summary>
    public bool MayHideMore { get; private set; }

    public override bool IsResetBehindEnd => GetTcpInfo(stackalloc byte[TcpInfo.StateSize], out var info) && info.IsClosed;

    public override long? AcknowledgedWhilePending => GetTcpInfo(stackalloc byte[TcpInfo.Size], out var info) ? info.AcknowledgedWhilePending : null;

    /// <summary>
    /// Takes a connected, or connecting, non-blocking socket; on the loop's thread. Where the system has no room to watch it
    /// (<paramref name="error"/>, an errno), it is closed and the result is <see langword="null"/>.
    /// </summary>
    public static LinuxSocketStream? TryAdopt(EventLoop loop, int descriptor, bool isTcp, out int error)
    {
        var stream = new LinuxSocketStream(loop, descriptor, isTcp);
        error = -loop.Register(descriptor, Epoll.In | Epoll.Out | Epoll.PeerHangUp | Epoll.Priority | Epoll.EdgeTriggered, stream._readiness);
        if (error == 0)
        {
            return stream;
        }

        _ = LinuxSocket.Close(descriptor);
        return null;
    }

    /// <summary>Waits until a connect(2) in progress is decided; on the loop's thread.</summary>
    /// <returns>0, or the errno of its failure.</returns>
    public ValueTask<int> WaitForConnectAsync(CancellationToken cancellationToken)
    {
        (_isConnecting, _isWritable) = (true, false);
        _write ??= new SocketOperation(_loop);
        return new ValueTask<int>(_write, _write.Start(default, default, cancellationToken));
    }

    public override bool HasInput
    {
        get
        {
            if (!Buffered.IsEmpty || IsReadable || IsClosing)
            {
                // From any thread, hence the lock that closing takes too. What was left unread before may have been nothing.
                lock (_readiness)
                {
                    return !Buffered.IsEmpty || _descriptor < 0 || IsClosing || LinuxSocket.Peek(_descriptor) != -Libc.Eagain;
                }
            }

            return false;
        }
    }

    public override object? Home => _loop;

    public override EndPoint? GetLocalEndPoint()
    {
        Span<byte> address = stackalloc byte[128];
        lock (_readiness)
        {
            return _descriptor >= 0 && _isTcp && LinuxSocket.GetLocalAddress(_descriptor, address) is > 0 and var length
                ? SocketAddressBytes.ToEndPoint(address[..length])
                : null;
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_loop.IsCurrent)
        {
            return WriteFromElsewhereAsync(buffer, cancellationToken);
        }

        if (TryFail(cancellationToken) is { } exception)
        {
            return ValueTask.FromException(exception);
        }

        var sent = Send(ref buffer);
        if (sent < 0 && sent != -Libc.Eagain)
        {
            return ValueTask.FromException(Errno.ToException(-sent));
        }

        if (buffer.IsEmpty)
        {
            return ValueTask.CompletedTask;
        }

        _write ??= new SocketOperation(_loop);
        return new ValueTask(_write, _write.Start(default, buffer, cancellationToken));
    }

    public override ValueTask CompleteWritesAsync(CancellationToken cancellationToken)
    {
        if (!_loop.IsCurrent)
        {
            return CompleteWritesFromElsewhereAsync(cancellationToken);
        }

        if (TryFail(cancellationToken) is { } exception)
        {
            return ValueTask.FromException(exception);
        }

        var result = LinuxSocket.ShutdownSend(_descriptor);
        return result < 0 ? ValueTask.FromException(Errno.ToException(-result)) : ValueTask.CompletedTask;
    }

    public override void Abort() => End(reset: true);

    /// <summary>
    /// Gives the socket to <paramref name="owner"/>; on the loop's thread, with nothing pending. From then on its readiness, and whoever wants it ended, are
    /// the owner's matter, until <see cref="Close"/>.
    /// </summary>
    public void HandOver(ILinuxSocketOwner owner)
    {
        (_owner, _read, _write) = (owner, null, null);
    }

    /// <summary>Closes the descriptor; on the loop's thread. Whatever waits fails.</summary>
    /// <param name="reset">Whether the peer is to see a failure (RST) and unsent bytes are dropped.</param>
    public void Close(bool reset)
    {
        Volatile.Write(ref _isClosing, 1);
        if (_descriptor < 0)
        {
            return;
        }

        _owner = null;
        _loop.Unregister(_readiness);
        if (reset)
        {
            _ = LinuxSocket.SetResetOnClose(_descriptor);
        }

        // Other threads ask for the state of the connection.
        lock (_readiness)
        {
            _ = LinuxSocket.Close(_descriptor);
            _descriptor = -1;
        }

        Cancel(_read);
        Cancel(_write);
    }

    protected override ValueTask<int> ReadCoreAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (!_loop.IsCurrent)
        {
            return ReadFromElsewhereAsync(buffer, cancellationToken);
        }

        if (TryFail(cancellationToken) is { } exception)
        {
            return ValueTask.FromException<int>(exception);
        }

        if (IsReadable && !buffer.IsEmpty && HasHadItsTurn())
        {
            // Goes on reading with the next turn, as if there had been nothing.
            _loop.Schedule(_readiness);
        }
        else if (Receive(buffer.Span) is var received && received != -Libc.Eagain)
        {
            return received >= 0 ? new ValueTask<int>(received) : ValueTask.FromException<int>(Errno.ToException(-received));
        }

        _read ??= new SocketOperation(_loop);
        return new ValueTask<int>(_read, _read.Start(buffer, default, cancellationToken));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            End(reset: false);
        }

        base.Dispose(disposing);
    }

    // Whoever moves its bytes has more to let go of than the socket.
    private void Fail()
    {
        if (_owner is { } owner)
        {
            owner.OnAborted(this);
        }
        else
        {
            Close(reset: true);
        }
    }

    private static void Cancel(SocketOperation? operation)
    {
        if (operation is { IsPending: true })
        {
            operation.Fail(new ObjectDisposedException(nameof(LinuxSocketStream)));
        }
    }

    private void End(bool reset)
    {
        if (Interlocked.Exchange(ref _isClosing, 1) != 0)
        {
            return;
        }

        // Never in the middle of what others do with it on this very thread.
        if (_loop.IsCurrent && _owner is null && _read is not { IsPending: true } && _write is not { IsPending: true })
        {
            Close(reset);
        }
        else
        {
            _loop.Post(new EndCommand(this, reset));
        }
    }

    private Exception? TryFail(CancellationToken cancellationToken)
    {
        return _descriptor < 0 || IsClosing ? new ObjectDisposedException(nameof(LinuxSocketStream))
            : cancellationToken.IsCancellationRequested ? new OperationCanceledException(cancellationToken)
            : null;
    }

    private int Receive(Span<byte> buffer)
    {
        if (!IsReadable)
        {
            return -Libc.Eagain;
        }

        var received = buffer.IsEmpty ? LinuxSocket.Peek(_descriptor) : LinuxSocket.Receive(_descriptor, buffer);

        // A short read has emptied the socket: what comes later is told of.
        IsReadable = received != -Libc.Eagain && (buffer.IsEmpty || received == buffer.Length || MayHideMore);
        return buffer.IsEmpty && received > 0 ? 0 : received;
    }

    // What awaits a read goes on at once where there is something to read; without an end to that, a fast sender would have the thread to itself.
    private bool HasHadItsTurn()
    {
        if (_round != _loop.Round)
        {
            (_round, _reads) = (_loop.Round, 0);
        }

        return ++_reads > ReadsPerRound;
    }

    private int Send(ref ReadOnlyMemory<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (!_isWritable)
            {
                return -Libc.Eagain;
            }

            var sent = LinuxSocket.Send(_descriptor, buffer.Span);
            if (sent < 0)
            {
                _isWritable = sent != -Libc.Eagain;
                return sent;
            }

            buffer = buffer[sent..];
        }

        return 0;
    }

    private void OnReady(uint events)
    {
        if (_owner is { } owner)
        {
            owner.OnReady(this, events);
            return;
        }

        if (IsClosing)
        {
            // Somebody has let go of it, and perhaps of the memory to read into; the command that closes it is on its way.
            return;
        }

        if ((events & (Epoll.In | HidesMore)) != 0)
        {
            IsReadable = true;
            MayHideMore |= (events & HidesMore) != 0;
        }

        if ((events & (Epoll.Out | Epoll.HangUp | Epoll.Error)) != 0)
        {
            _isWritable = true;
        }

        // Writing first: what awaits a read may well close the connection.
        if (_isWritable && _write is { IsPending: true } write)
        {
            if (_isConnecting)
            {
                _isConnecting = false;
                write.Complete((events & (Epoll.HangUp | Epoll.Error)) == 0 ? 0 : -LinuxSocket.TakeError(_descriptor));
            }
            else
            {
                Continue(write);
            }
        }

        if (!IsReadable || _read is not { IsPending: true } read)
        {
            return;
        }

        if (read.Target.IsEmpty)
        {
            // Whoever waits for something to be there reads it next, and finds an end or a failure by that: no need to look first.
            read.Complete(0);
        }
        else if (Receive(read.Target.Span) is var received && received != -Libc.Eagain)
        {
            if (received >= 0)
            {
                read.Complete(received);
            }
            else
            {
                read.Fail(Errno.ToException(-received));
            }
        }
    }

    private void Continue(SocketOperation write)
    {
        var rest = write.Source;
        var sent = Send(ref rest);
        write.Source = rest;
        if (sent < 0 && sent != -Libc.Eagain)
        {
            write.Fail(Errno.ToException(-sent));
        }
        else if (rest.IsEmpty)
        {
            write.Complete(0);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadFromElsewhereAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await _loop.Enter();
        return await ReadCoreAsync(buffer, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteFromElsewhereAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        await _loop.Enter();
        await WriteAsync(buffer, cancellationToken);
    }

    private async ValueTask CompleteWritesFromElsewhereAsync(CancellationToken cancellationToken)
    {
        await _loop.Enter();
        await CompleteWritesAsync(cancellationToken);
    }

    // Asked from any thread, hence the lock that closing takes too.
    private bool GetTcpInfo(Span<byte> buffer, out TcpInfo info)
    {
        info = default;
        if (!_isTcp)
        {
            return false;
        }

        lock (_readiness)
        {
            if (_descriptor < 0 || LinuxSocket.GetOption(_descriptor, LinuxSocket.TcpLevel, TcpInfo.Option, buffer) < buffer.Length)
            {
                return false;
            }
        }

        info = new TcpInfo(buffer);
        return true;
    }

    private sealed class Readiness : EventLoopHandler
    {
        private readonly LinuxSocketStream _stream;

        public Readiness(LinuxSocketStream stream) => _stream = stream;

        public override void OnReady(uint events) => _stream.OnReady(events);

        public override void OnTurn() => _stream.OnReady(0);

        public override void OnStopped() => _stream.Fail();
    }

    private sealed class EndCommand : IEventLoopCommand
    {
        private readonly LinuxSocketStream _stream;
        private readonly bool _reset;

        public EndCommand(LinuxSocketStream stream, bool reset) => (_stream, _reset) = (stream, reset);

        public void Run(EventLoop loop)
        {
            if (_reset || _stream._owner is not null)
            {
                _stream.Fail();
            }
            else
            {
                _stream.Close(reset: false);
            }
        }
    }
}
