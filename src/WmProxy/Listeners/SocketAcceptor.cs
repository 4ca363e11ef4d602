using System;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;

namespace WmProxy.Listeners;

/// <summary>Accepts with .NET's asynchronous sockets.</summary>
internal sealed class SocketAcceptor : IAcceptor
{
    private readonly ListenerContext _context;
    private readonly BoundListener _listener;
    private readonly Socket _socket;
    private readonly EndPoint? _local;
    private readonly Func<Socket, ValueTask<Socket>> _accept;
    private readonly AcceptPause _pause;

    public SocketAcceptor(ListenerContext context, BoundListener listener, Socket socket, Func<Socket, ValueTask<Socket>> accept)
    {
        _context = context;
        _listener = listener;
        _socket = socket;
        _accept = accept;
        _pause = new AcceptPause(context.TimeProvider, context.Logger, listener.Model.Address);

        // Kept, because a socket that is closed no longer tells.
        EndPoint = socket.LocalEndPoint;
        _local = BoundListener.LocalOf(EndPoint);
    }

    public EndPoint? EndPoint { get; }

    public void Start() => _ = AcceptLoopAsync();

    public void Close() => _socket.Dispose();

    private async Task AcceptLoopAsync()
    {
        while (true)
        {
            Socket accepted;
            try
            {
                accepted = await _accept(_socket);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException ex)
            {
                // A close while waiting arrives as OperationAborted; the next attempt then finds the socket disposed. ECONNABORTED: the client left between
                // the kernel's queue and us, and the next one is as good as any.
                if (ex.SocketErrorCode is not (SocketError.OperationAborted or SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.Interrupted))
                {
                    await PauseAsync(ex.Message);
                }

                continue;
            }

            var isScarce = DescriptorReserve.IsTouchedBy(accepted);
            _context.Run(accepted, _local, _listener);
            while (isScarce && !_socket.SafeHandle.IsClosed)
            {
                await PauseAsync("too few descriptors are left");
                isScarce = DescriptorReserve.IsTouched();
            }
        }
    }

    private async ValueTask PauseAsync(string error)
    {
        _pause.Report(error);
        await Task.Delay(AcceptPause.Length, _context.TimeProvider);
    }
}
