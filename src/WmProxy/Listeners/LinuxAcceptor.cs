using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Threading;
using WmProxy.Native;
using WmProxy.Relay.Linux;

namespace WmProxy.Listeners;

/// <summary>
/// Accepts on an event loop's thread. The listening socket is not the loop's: whoever closes the listener closes it, at once, which is safe since every
/// call on it goes through its handle. .NET's own epoll never sees it, because nothing asynchronous is asked of it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxAcceptor : EventLoopHandler, IAcceptor
{
    // As many as one readiness may take: what is accepted has a turn before the rest of the queue.
    private const int MaxAccepts = 16;
    private const int MaxAddress = 128; // struct sockaddr_storage

    private readonly ListenerContext _context;
    private readonly BoundListener _listener;
    private readonly EventLoop _loop;
    private readonly Socket _socket;
    private readonly uint _events;
    private readonly bool _isTcp;
    private readonly EndPoint? _local;
    private readonly AcceptPause _pause;
    private ITimer? _resume;
    private bool _isPausedForDescriptors;

    /// <param name="context">What runs the connections.</param>
    /// <param name="listener">Whose connections they are.</param>
    /// <param name="loop">The thread to accept on, to which the connections will belong.</param>
    /// <param name="socket">Listening.</param>
    /// <param name="isShared">Whether other loops accept from the same socket.</param>
    public LinuxAcceptor(ListenerContext context, BoundListener listener, EventLoop loop, Socket socket, bool isShared)
    {
        _context = context;
        _listener = listener;
        _loop = loop;
        _socket = socket;
        _socket.Blocking = false;
        _events = isShared ? Epoll.In | Epoll.Exclusive : Epoll.In;
        _isTcp = socket.AddressFamily != AddressFamily.Unix;
        _pause = new AcceptPause(context.TimeProvider, context.Logger, listener.Model.Address);
        EndPoint = socket.LocalEndPoint;
        _local = BoundListener.LocalOf(EndPoint);
    }

    public EndPoint? EndPoint { get; }

    public void Start() => _loop.Post(new Command(this, static acceptor => acceptor.Watch()));

    public void Close()
    {
        OnStopped();
        _loop.Post(new Command(this, static acceptor => acceptor._loop.Unregister(acceptor)));
    }

    public override void OnReady(uint events)
    {
        Span<byte> address = stackalloc byte[MaxAddress];
        for (var i = 0; i < MaxAccepts; i++)
        {
            int descriptor;
            int length;
            try
            {
                descriptor = LinuxSocket.Accept(_socket.SafeHandle, address, out length);
            }
            catch (ObjectDisposedException)
            {
                return;
            }

            if (descriptor < 0)
            {
                if (descriptor == -Libc.Eagain)
                {
                    return;
                }

                if (descriptor is not (-LinuxSocket.Econnaborted or -LinuxSocket.Econnreset))
                {
                    // Also network errors of the new connection, which accept(2) hands on: a pause does no harm there.
                    Pause(Marshal.GetPInvokeErrorMessage(-descriptor));
                    return;
                }

                // The client left between the kernel's queue and us: the next one is as good as any.
                continue;
            }

            var isScarce = DescriptorReserve.IsTouchedBy(descriptor);
            var stream = LinuxSocketStream.TryAdopt(_loop, descriptor, _isTcp, out var error);
            if (stream is null)
            {
                Pause(Marshal.GetPInvokeErrorMessage(error));
                return;
            }

            _context.Run(stream, _isTcp ? SocketAddressBytes.ToEndPoint(address[..length]) : null, _local, _listener);
            if (isScarce)
            {
                _isPausedForDescriptors = true;
                Pause("too few descriptors are left");
                return;
            }
        }
    }

    public override void OnStopped()
    {
        _socket.Dispose();
        _resume?.Dispose();
    }

    private void Watch()
    {
        var handle = _socket.SafeHandle;
        var isHeld = false;
        try
        {
            if (Slot == 0)
            {
                handle.DangerousAddRef(ref isHeld);
                if (_loop.Register((int)handle.DangerousGetHandle(), _events, this) is < 0 and var error)
                {
                    Pause(Marshal.GetPInvokeErrorMessage(-error));
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // Closed before this thread came to it.
        }
        finally
        {
            if (isHeld)
            {
                handle.DangerousRelease();
            }
        }
    }

    private void Pause(string error)
    {
        _pause.Report(error);
        var handle = _socket.SafeHandle;
        var isHeld = false;
        try
        {
            // Taken out of the epoll: its readiness would call again at once.
            handle.DangerousAddRef(ref isHeld);
            _loop.Unregister(this, (int)handle.DangerousGetHandle());
        }
        catch (ObjectDisposedException)
        {
            return;
        }
        finally
        {
            if (isHeld)
            {
                handle.DangerousRelease();
            }
        }

        _resume?.Dispose();
        _resume = _context.TimeProvider.CreateTimer(
            static state => ((LinuxAcceptor)state!)._loop.Post(new Command((LinuxAcceptor)state, static acceptor => acceptor.Resume())),
            this, AcceptPause.Length, Timeout.InfiniteTimeSpan);
    }

    private void Resume()
    {
        if (_isPausedForDescriptors && DescriptorReserve.IsTouched())
        {
            Pause("too few descriptors are left");
            return;
        }

        _isPausedForDescriptors = false;
        Watch();
    }

    private sealed class Command : IEventLoopCommand
    {
        private readonly LinuxAcceptor _acceptor;
        private readonly Action<LinuxAcceptor> _action;

        public Command(LinuxAcceptor acceptor, Action<LinuxAcceptor> action) => (_acceptor, _action) = (acceptor, action);

        public void Run(EventLoop loop) => _action(_acceptor);
    }
}
