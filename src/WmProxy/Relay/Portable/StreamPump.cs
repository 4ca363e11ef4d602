using System;
using System.Buffers;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;
using WmProxy.Connections.Tls;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.Relay.Portable;

/// <summary>
/// Moves one direction between two streams of any kind (TLS, a bandwidth limit, an operating system without the direct calls). A buffer is
/// held only while there is something in it: waiting is done by a zero-byte read.
/// </summary>
internal static class StreamPump
{
    private const int BufferSize = 64 * 1024;

    /// <summary>Runs until the direction ends or fails; the receiver's end is the caller's to pass on.</summary>
    public static async ValueTask<PumpStatus> RunAsync(RelaySession session, RelayDirection direction, TransportStream from, TransportStream to, BandwidthLimiter? limiter)
    {
        byte[]? buffer = null;
        var failure = PumpStatus.ReadFailed;
        try
        {
            while (true)
            {
                _ = await from.ReadAsync(Memory<byte>.Empty, CancellationToken.None);
                buffer = ArrayPool<byte>.Shared.Rent(BufferSize);

                // Only what may be passed on is read, so that the sender feels the limit and nothing waits in memory.
                var allowed = limiter is null ? BufferSize : await limiter.AcquireAsync(BufferSize, session.Canceled);
                var count = 0;
                try
                {
                    count = await from.ReadAsync(buffer.AsMemory(0, allowed), CancellationToken.None);
                }
                finally
                {
                    limiter?.Return(allowed - count);
                }

                if (count == 0)
                {
                    return PumpStatus.EndOfStream;
                }

                failure = PumpStatus.WriteFailed;
                session.Writing(direction);
                await to.WriteAsync(buffer.AsMemory(0, count), CancellationToken.None);
                session.Written(direction);
                session.AddBytes(direction, count);
                failure = PumpStatus.ReadFailed;
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = null;
            }
        }
        catch (TlsTruncatedException)
        {
            // A peer that ends without close_notify. So many do that taking it for a failure would cut what they sent on its way to the other
            // side; HAProxy and nginx pass it on as an end too. Protocols that care have lengths. (The caller tells it from a reset.)
            return PumpStatus.EndOfStream;
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            return failure;
        }
        finally
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
