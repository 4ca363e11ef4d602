using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.Versioning;
using WmProxy.Native;
using WmProxy.Tests.Common;
using WmProxy.Tests.Native;
using WmProxy.Udp.Linux;

namespace WmProxy.Tests.Udp.Linux;

[SupportedOSPlatform("linux")]
public sealed class DatagramRunsTests
{
    private const int MaxSegment = 1400;
    private const int MaxBytes = 65000;

    private readonly DatagramBatch _batch = new();

    public DatagramRunsTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "These are calls of Linux.");

    [Theory]
    [InlineData(new[] { 5 }, 1)]
    [InlineData(new[] { 5, 5 }, 2)]
    [InlineData(new[] { 5, 5, 5, 4, 5 }, 4)]
    [InlineData(new[] { 5, 4, 4 }, 2)]
    [InlineData(new[] { 5, 6 }, 1)]
    [InlineData(new[] { 5, 0 }, 1)]
    [InlineData(new[] { 0, 0 }, 1)]
    [InlineData(new[] { 1400, 1400 }, 2)]
    [InlineData(new[] { 1401, 1401 }, 1)]
    public void SegmentsAt_OneReceiver_IsTheRunOfOneSize(int[] sizes, int expected)
    {
        Set(sizes);
        Assert.Equal(expected, DatagramRuns.SegmentsAt(_batch, 0, sizes.Length, []));
    }

    [Fact]
    public void SegmentsAt_OtherReceiver_EndsTheRun()
    {
        Set([5, 5, 5, 5]);
        object one = new();
        object two = new();
        Assert.Equal(2, DatagramRuns.SegmentsAt(_batch, 0, 4, [one, one, two, one]));
        Assert.Equal(1, DatagramRuns.SegmentsAt(_batch, 2, 4, [one, one, two, one]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void SegmentsAt_Random_IsTheLongestRunThatTheKernelTakes(int seed)
    {
        var random = new Random(seed);
        object[] owners = [new(), new()];
        for (var round = 0; round < 2000; round++)
        {
            int[] palette = [random.Next(0, 3), random.Next(1, 1500), random.Next(1300, 1500)];
            var sizes = Enumerable.Range(0, random.Next(1, 65)).Select(_ => palette[Math.Min(2, random.Next(0, 6))]).ToArray();
            var receivers = sizes.Select(_ => owners[random.Next(0, 8) == 0 ? 1 : 0]).ToArray();
            Set(sizes);

            var count = DatagramRuns.SegmentsAt(_batch, 0, sizes.Length, receivers);

            Assert.True(IsRun(sizes, receivers, count), $"{string.Join(' ', sizes)}: {count}");
            Assert.False(count < sizes.Length && IsRun(sizes, receivers, count + 1), $"{string.Join(' ', sizes)}: {count} is not the longest");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Send_Random_ArrivesAsItWas(int seed)
    {
        var random = new Random(seed);
        using var pair = new UdpPair();
        for (var round = 0; round < 200; round++)
        {
            int[] palette = [random.Next(0, 3), random.Next(1, 1401), random.Next(1, 1401), random.Next(1400, 3000)];
            var sizes = Enumerable.Range(0, random.Next(1, 65)).Select(_ => palette[Math.Min(3, random.Next(0, 8) / 2)]).ToArray();
            Set(sizes);
            var start = random.Next(0, sizes.Length);

            var sent = DatagramRuns.Send(_batch, pair.Descriptor, start, sizes.Length, []);

            Assert.Equal(0, sent.Failed);
            for (var i = start; i < sizes.Length; i++)
            {
                Assert.Equal(TestData.Create(sizes[i], seed: (ulong)i), pair.Received());
            }

            Assert.Null(pair.Received());
        }
    }

    [Fact]
    public void Send_SomeAreTooLarge_SaysWhich()
    {
        using var pair = new UdpPair();
        int[] sizes = [5, 5, 65508, 5, 5, 65508, 7];
        Set(sizes);

        var sent = DatagramRuns.Send(_batch, pair.Descriptor, 0, sizes.Length, []);

        Assert.Equal(sizes.Select(size => size == 65508), Enumerable.Range(0, sizes.Length).Select(i => sent.HasFailed(i)));
        foreach (var (i, size) in sizes.Index().Where(item => item.Item != 65508))
        {
            Assert.Equal(TestData.Create(size, seed: (ulong)i), pair.Received());
        }
    }

    [Fact]
    public void Send_RunThatNobodyTakes_SaysSo()
    {
        using var pair = new UdpPair();
        pair.Peer.Dispose();
        Set([5, 5, 5]);

        var sent = DatagramRuns.Send(_batch, pair.Descriptor, 0, 3, []);
        sent.IsUnreachable |= DatagramRuns.Send(_batch, pair.Descriptor, 0, 3, []).IsUnreachable;

        Assert.True(sent.IsUnreachable);
    }

    private static bool IsRun(IReadOnlyList<int> sizes, IReadOnlyList<object> receivers, int count)
    {
        var run = sizes.Take(count).ToList();
        return count == 1
            || (run[0] is > 0 and <= MaxSegment
                && run.SkipLast(1).All(size => size == run[0])
                && run[^1] > 0 && run[^1] <= run[0]
                && run.Sum() <= MaxBytes
                && receivers.Take(count).All(receiver => receiver == receivers[0]));
    }

    private void Set(int[] sizes)
    {
        for (var i = 0; i < sizes.Length; i++)
        {
            _batch.Set(i, TestData.Create(sizes[i], seed: (ulong)i));
            _batch.ToConnected(i);
        }
    }
}
