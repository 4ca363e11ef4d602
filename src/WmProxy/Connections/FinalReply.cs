using System;
using System.Buffers;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Connections;

/// <summary>
/// Ends a connection with an answer that is to arrive. Closing a socket while bytes of its client lie unread resets the connection, and a reset discards
/// what the client has not read yet; so the client's direction is read on, within bounds, until it has seen the end (RFC 9112 section 9.6).
/// </summary>
internal static class FinalReply
{
    private const int MaxDiscarded = 256 * 1024;
    private const int ReadSize = 4096;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Records why the connection ends, sends <paramref name="reply"/> and ends it. Does not throw for what the client does meanwhile.</summary>
    public static async ValueTask SendAsync(TransportConnectionContext connection, ReadOnlyMemory<byte> reply, ConnectionEndReason reason, TimeProvider timeProvider)
    {
        var state = connection.State;
        if (!state.TryEnd(reason))
        {
            return;
        }

        // The sweep leaves a connection alone that has its reason: the time limit is this one.
        using var patience = new CancellationTokenSource(Patience, timeProvider);
        try
        {
            var stream = connection.Stream;
            await stream.WriteAsync(reply, patience.Token);
            await stream.CompleteWritesAsync(patience.Token);
            state.EndsInOrder = true;
            await DiscardAsync(stream, patience.Token);
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Gone, or too slow to be waited for.
        }
    }

    /// <summary>Reads what the client still sends, within bounds, until it has seen the end.</summary>
    public static async ValueTask DiscardAsync(TransportStream stream, CancellationToken cancellationToken)
    {
        stream.Consume(stream.Buffered.Length);
        var buffer = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            var discarded = 0;
            while (discarded < MaxDiscarded && await stream.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                discarded += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
