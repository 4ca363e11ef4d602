using System;
using System.Runtime.Versioning;
using WmProxy.Native;

namespace WmProxy.Udp.Linux;

/// <summary>Finds datagrams that the kernel can take as one and cut up again (UDP_SEGMENT, udp(7)).</summary>
[SupportedOSPlatform("linux")]
internal static class DatagramRuns
{
    // The kernel's limits: UDP_MAX_SEGMENTS, and what fits into one IP packet. Segments larger than the path's MTU fail, and go one by one then.
    private const int MaxSegments = 64;
    private const int MaxBytes = 65000;

    // Larger ones do not fit into the packets of most networks, for which they would have to.
    private const int MaxSegment = 1400;

    /// <summary>
    /// Sends the datagrams from <paramref name="start"/> to before <paramref name="end"/> with as few calls as it takes; returns how many the system did not
    /// take, with the last reason.
    /// </summary>
    public static int Send(DatagramBatch batch, int socket, int start, int end, ReadOnlySpan<LinuxUdpSession?> receivers, out int error)
    {
        var dropped = 0;
        error = 0;
        while (start < end)
        {
            var count = SegmentsAt(batch, start, end, receivers);
            if (count > 1 && batch.SendSegments(socket, start, count) == 0)
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

            dropped += batch.Send(socket, start, next - start, out var reason);
            error = reason == 0 ? error : reason;
            start = next;
        }

        return dropped;
    }

    /// <summary>
    /// How many datagrams from <paramref name="start"/> on have one receiver and one size, which is not 0; the last may be smaller. 1 where it is alone.
    /// </summary>
    /// <param name="batch">The datagrams.</param>
    /// <param name="start">The first.</param>
    /// <param name="end">Behind the last.</param>
    /// <param name="receivers">Whom each is for, by its place; empty where all are for the same.</param>
    public static int SegmentsAt(DatagramBatch batch, int start, int end, ReadOnlySpan<LinuxUdpSession?> receivers)
    {
        var size = batch.Payload(start).Length;
        var bytes = size;
        var next = start + 1;
        while (size is > 0 and <= MaxSegment && next < end && next - start < MaxSegments && (receivers.IsEmpty || receivers[next] == receivers[start]))
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
