using System;
using System.Runtime.Versioning;
using WmProxy.Native;

namespace WmProxy.Udp.Linux;

/// <summary>Finds datagrams that the kernel can take as one and cut up again (UDP_SEGMENT, udp(7)).</summary>
[SupportedOSPlatform("linux")]
internal static class DatagramRuns
{
    // What fits into one IP packet; the kernel's other limit, UDP_MAX_SEGMENTS, is 64 in its first versions, as many as a batch has.
    private const int MaxBytes = 65000;

    // Larger ones do not fit into the packets of most networks, for which they would have to; those that do not fit all the same go one by one.
    private const int MaxSegment = 1400;

    /// <summary>Sends the datagrams from <paramref name="start"/> to before <paramref name="end"/> with as few calls as it takes.</summary>
    /// <param name="batch">The datagrams.</param>
    /// <param name="socket">The socket.</param>
    /// <param name="start">The first.</param>
    /// <param name="end">Behind the last.</param>
    /// <param name="receivers">Whom each is for, by its place; empty where all are for the same.</param>
    public static DatagramsSent Send(DatagramBatch batch, int socket, int start, int end, ReadOnlySpan<object?> receivers)
    {
        var sent = default(DatagramsSent);
        while (start < end)
        {
            var count = DatagramBatch.HasSegments ? SegmentsAt(batch, start, end, receivers) : end - start;
            if (count > 1 && DatagramBatch.HasSegments && batch.TrySendSegments(socket, start, count, ref sent))
            {
                start += count;
                continue;
            }

            // Up to the next ones that can go as one.
            var next = start + count;
            while (next < end && SegmentsAt(batch, next, end, receivers) == 1)
            {
                next++;
            }

            batch.Send(socket, start, next - start, ref sent);
            start = next;
        }

        return sent;
    }

    /// <summary>
    /// How many datagrams from <paramref name="start"/> on have one receiver and one size, which is not 0; the last may be smaller. 1 where it is alone.
    /// </summary>
    public static int SegmentsAt(DatagramBatch batch, int start, int end, ReadOnlySpan<object?> receivers)
    {
        var size = batch.Payload(start).Length;
        var bytes = size;
        var next = start + 1;
        while (size is > 0 and <= MaxSegment && next < end && (receivers.IsEmpty || receivers[next] == receivers[start]))
        {
            var length = batch.Payload(next).Length;
            if (length == 0 || length > size || bytes + length > MaxBytes)
            {
                break;
            }

            bytes += length;
            next++;
            if (length < size)
            {
                break;
            }
        }

        return next - start;
    }
}
