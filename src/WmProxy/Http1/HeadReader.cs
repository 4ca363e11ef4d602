using System;
using System.IO;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Connections;

namespace WmProxy.Http1;

/// <summary>
/// Waits until the head of a message, or a trailer section, is there as a whole, however it is split; it is then at the front of
/// <see cref="TransportStream.Buffered"/>. Time limits are the caller's, by <see cref="TransportStream.Abort"/>.
/// </summary>
internal static class HeadReader
{
    private const int FirstRead = 4096;

    /// <param name="stream">Where it comes from.</param>
    /// <param name="maxLength">The most bytes that it may have.</param>
    /// <param name="allowsBareLf">
    /// Whether a line may end with LF alone, as RFC 9112 section 2.2 allows: not in requests, since two recipients that disagree about it are one request apart.
    /// </param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<HeadReadResult> ReadAsync(TransportStream stream, int maxLength, bool allowsBareLf)
    {
        var scanned = 0;
        var lineStart = 0;
        while (true)
        {
            if (TryFind(stream.Buffered.Span, allowsBareLf, ref scanned, ref lineStart, out var result))
            {
                // More may be there than a head may have, from the content before it.
                return result.Length > maxLength ? HeadReadResult.TooLong : result;
            }

            var buffered = stream.Buffered.Length;
            if (buffered >= maxLength)
            {
                return HeadReadResult.TooLong;
            }

            try
            {
                if (await stream.FillBufferAsync(buffered < FirstRead ? Math.Min(FirstRead, maxLength) : maxLength, CancellationToken.None) == 0)
                {
                    return buffered > 0 ? HeadReadResult.Cut : stream.IsResetBehindEnd ? HeadReadResult.Reset : HeadReadResult.Ended;
                }
            }
            catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
            {
                return buffered == 0 ? HeadReadResult.Reset : HeadReadResult.Cut;
            }
        }
    }

    /// <param name="bytes">What is there.</param>
    /// <param name="allowsBareLf">As above.</param>
    /// <param name="scanned">How many of them were looked at before: each is looked at once, however slowly they come.</param>
    /// <param name="lineStart">Where the line begins that they end in.</param>
    /// <param name="result">The result, once there is one.</param>
    private static bool TryFind(ReadOnlySpan<byte> bytes, bool allowsBareLf, ref int scanned, ref int lineStart, out HeadReadResult result)
    {
        result = default;
        while (bytes[scanned..].IndexOf((byte)'\n') is >= 0 and var found)
        {
            var end = scanned + found;
            var hasCr = end > lineStart && bytes[end - 1] == '\r';
            if (!hasCr && !allowsBareLf)
            {
                result = HeadReadResult.BareLf;
                return true;
            }

            if (end - lineStart == (hasCr ? 1 : 0))
            {
                result = HeadReadResult.Complete(end + 1);
                return true;
            }

            scanned = lineStart = end + 1;
        }

        scanned = bytes.Length;
        return false;
    }
}
