using System;
using System.Linq;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using WmProxy.Native;

namespace WmProxy.Tests.Native;

[SupportedOSPlatform("linux")]
public sealed unsafe class EpollTests : IDisposable
{
    private const int NoEntry = 2; // ENOENT
    private const int BadDescriptor = 9; // EBADF
    private const int Exists = 17; // EEXIST

    private readonly SafeFileHandle _epoll = new(Epoll.Create(), ownsHandle: true);

    private int Descriptor => (int)_epoll.DangerousGetHandle();

    public void Dispose() => _epoll.Dispose();

    /// <summary>struct epoll_event has a gap behind its first member everywhere but on x86.</summary>
    [Fact]
    public void EventSize_OfThisArchitecture_IsTheKernels()
    {
        var expected = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 12 : 16;

        Assert.Equal(expected, Epoll.EventSize);
        Assert.InRange(Epoll.EventSize, 1, Epoll.MaxEventSize);
    }

    /// <summary>What is written where the kernel reads it, and read where it writes, comes back unharmed, however many there are.</summary>
    [Fact]
    public void Wait_SeveralReady_GivesEachItsOwnDataAndEvents()
    {
        var data = new ulong[] { 1, 0xFFFF_FFFF, 0xFFFF_FFFF_0000_0002, 0x0123_4567_89AB_CDEF, ulong.MaxValue };
        var events = data.Select(_ => Event()).ToList();
        try
        {
            foreach (var (index, handle) in events.Index())
            {
                Assert.Equal(0, Epoll.TryAdd(Descriptor, (int)handle.DangerousGetHandle(), Epoll.In, data[index]));
            }

            var memory = stackalloc byte[8 * Epoll.MaxEventSize];
            Assert.Equal(0, Epoll.Wait(Descriptor, memory, 8, 0));
            events.ForEach(Epoll.Signal);
            Assert.Equal(data.Length, Epoll.Wait(Descriptor, memory, 8, -1));

            var told = new (uint Events, ulong Data)[data.Length];
            for (var i = 0; i < told.Length; i++)
            {
                told[i] = Epoll.Read(memory, i);
            }

            Assert.Equal(data.Order(), told.Select(item => item.Data).Order());
            Assert.All(told, item => Assert.Equal(Epoll.In, item.Events));
        }
        finally
        {
            events.ForEach(handle => handle.Dispose());
        }
    }

    [Fact]
    public void Modify_OtherEventsAndData_ReplaceWhatWasThere()
    {
        using var handle = Event();
        var descriptor = (int)handle.DangerousGetHandle();
        Assert.Equal(0, Epoll.TryAdd(Descriptor, descriptor, Epoll.In, 1));
        Assert.Equal(0, Epoll.TryModify(Descriptor, descriptor, Epoll.Out, 2));

        var memory = stackalloc byte[Epoll.MaxEventSize];
        Assert.Equal(1, Epoll.Wait(Descriptor, memory, 1, -1));
        Assert.Equal((Epoll.Out, 2UL), Epoll.Read(memory, 0));

        Assert.Equal(0, Epoll.TryRemove(Descriptor, descriptor));
        Assert.Equal(0, Epoll.Wait(Descriptor, memory, 1, 0));
    }

    [Fact]
    public void Signal_ManyTimes_IsOneReset()
    {
        using var handle = Event();
        Assert.Equal(0, Epoll.TryAdd(Descriptor, (int)handle.DangerousGetHandle(), Epoll.In, 1));
        var memory = stackalloc byte[Epoll.MaxEventSize];
        Epoll.Signal(handle);
        Epoll.Signal(handle);
        Assert.Equal(1, Epoll.Wait(Descriptor, memory, 1, -1));

        Epoll.Reset(handle);
        Assert.Equal(0, Epoll.Wait(Descriptor, memory, 1, 0));

        // Once more waits for nothing.
        Epoll.Reset(handle);
    }

    [Fact]
    public void Signal_Closed_Throws()
    {
        var handle = Event();
        handle.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Epoll.Signal(handle));
    }

    [Fact]
    public void Calls_ThatFail_GiveTheErrno()
    {
        using var handle = Event();
        var descriptor = (int)handle.DangerousGetHandle();
        var memory = stackalloc byte[Epoll.MaxEventSize];

        Assert.Equal(-NoEntry, Epoll.TryModify(Descriptor, descriptor, Epoll.In, 1));
        Assert.Equal(-NoEntry, Epoll.TryRemove(Descriptor, descriptor));
        Assert.Equal(0, Epoll.TryAdd(Descriptor, descriptor, Epoll.In, 1));
        Assert.Equal(-Exists, Epoll.TryAdd(Descriptor, descriptor, Epoll.In, 1));
        Assert.Equal(-BadDescriptor, Epoll.TryAdd(-1, descriptor, Epoll.In, 1));
        Assert.Equal(-BadDescriptor, Epoll.Wait(-1, memory, 1, 0));
    }

    private static SafeFileHandle Event() => new(Epoll.CreateEvent(), ownsHandle: true);
}
