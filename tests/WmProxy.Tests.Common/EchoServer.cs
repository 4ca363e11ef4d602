using System;
using System.Buffers;
using System.Net;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>Sends back what it receives; ends its direction after the client has ended its own and everything is sent back (RFC 862).</summary>
public sealed class EchoServer : TestServerSocket
{
    public EchoServer(EndPoint? listenOn = null)
        : base(EchoAsync, listenOn)
    {
    }

    private static async Task EchoAsync(RawConnection connection, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            while (true)
            {
                // No deadline: an echo server waits as long as its client does.
                var count = await connection.Socket.ReceiveAsync(buffer, cancellationToken);
                if (count == 0)
                {
                    connection.HalfClose();
                    return;
                }

                for (var sent = 0; sent < count;)
                {
                    sent += await connection.Socket.SendAsync(buffer.AsMemory(sent, count - sent), cancellationToken);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
