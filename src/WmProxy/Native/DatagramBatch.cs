using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace WmProxy.Native;

/// <summary>
/// Datagrams that are received together and sent together, in place: recvmmsg(2) and sendmmsg(2) on the same memory. Not for use from several threads.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe partial class DatagramBatch
{
    /// <summary>The most datagrams that there may be room for.</summary>
    public const int MaxCapacity = 64;

    /// <summary>The most that a datagram may be put in front of (<see cref="Prepend"/>).</summary>
    public const int HeadRoom = 128;

    /// <summary>The largest payload of IPv4 and IPv6 (without jumbograms) is smaller; what fills all of it was cut.</summary>
    public const int MaxPayload = 65536;

    // Not a power of two: the datagrams' first lines would all compete for the same lines of the processor's caches.
    private const int SlotSize = HeadRoom + MaxPayload + 192;
    private const int AddressSize = 28; // struct sockaddr_in6
    private const int ControlSize = 64; // struct cmsghdr with struct in6_pktinfo, and one with a UDP_SEGMENT
    private const int MsgDontWait = 0x40;
    private const int MsgNoSignal = 0x4000;
    private const int MsgTrunc = 0x20;
    private const int IPLevel = 0; // IPPROTO_IP
    private const int IPv6Level = 41; // IPPROTO_IPV6
    private const int UdpLevel = 17; // SOL_UDP
    private const int PacketInfo = 8; // IP_PKTINFO, ip(7)
    private const int IPv6PacketInfo = 50; // IPV6_PKTINFO, ipv6(7)
    private const int UdpSegment = 103; // UDP_SEGMENT, udp(7)

    private static readonly Lazy<bool> KernelSegments = new(CanSegment);

    // Pinned, so that the pointers hold as long as this object does. Pages that no datagram reaches are never touched.
    private readonly byte[] _memory;
    private readonly byte[] _headers;
    private readonly byte* _slots;
    private readonly Message* _messages;
    private readonly Vector* _vectors;
    private readonly byte* _addresses;
    private readonly byte* _controls;

    /// <param name="capacity">How many datagrams there is room for.</param>
    public DatagramBatch(int capacity = MaxCapacity)
    {
        Capacity = capacity;
        _memory = GC.AllocateUninitializedArray<byte>(SlotSize * capacity, pinned: true);
        _headers = GC.AllocateArray<byte>((sizeof(Message) + sizeof(Vector) + AddressSize + ControlSize) * capacity, pinned: true);
        _slots = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));
        _messages = (Message*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_headers));
        _vectors = (Vector*)(_messages + capacity);
        _controls = (byte*)(_vectors + capacity);
        _addresses = _controls + (ControlSize * capacity);
    }

    /// <summary>How many datagrams there is room for.</summary>
    public int Capacity { get; }

    /// <summary>Whether the kernel has <see cref="TrySendSegments"/>. One that does not know it would send one large datagram.</summary>
    public static bool HasSegments => KernelSegments.Value;

    /// <summary>recvmmsg(2), without waiting, into the places from <paramref name="start"/> on. Returns how many came, or the negated errno.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="start">The first place.</param>
    /// <param name="count">The most datagrams to receive.</param>
    /// <param name="withLocal">Whether to ask for the address that each was sent to; the socket must have been told to give it.</param>
    public int Receive(int socket, int start, int count, bool withLocal)
    {
        for (var i = start; i < start + count; i++)
        {
            _vectors[i] = new Vector { Data = _slots + (i * SlotSize) + HeadRoom, Length = MaxPayload };
            _messages[i].Header = new Header
            {
                Name = _addresses + (i * AddressSize),
                NameLength = AddressSize,
                Vectors = _vectors + i,
                VectorCount = 1,
                Control = withLocal ? _controls + (i * ControlSize) : null,
                ControlLength = withLocal ? ControlSize : 0,
            };
        }

        while (true)
        {
            var received = recvmmsg(socket, _messages + start, (uint)count, MsgDontWait, null);
            if (received < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error == Libc.Eintr)
                {
                    continue;
                }

                return -error;
            }

            for (var i = start; i < start + received; i++)
            {
                _vectors[i].Length = (nint)_messages[i].Length;
            }

            return received;
        }
    }

    /// <summary>recv(2), without waiting, of one datagram of a connected socket, which is cheaper than <see cref="Receive"/>. Returns 1, or the negated errno.</summary>
    public int ReceiveOne(int socket, int index)
    {
        var data = _slots + (index * SlotSize) + HeadRoom;
        var received = LinuxSocket.Receive(socket, new Span<byte>(data, MaxPayload));
        if (received < 0)
        {
            return received;
        }

        _vectors[index] = new Vector { Data = data, Length = received };
        _messages[index].Header.Flags = received == MaxPayload ? MsgTrunc : 0;
        return 1;
    }

    /// <summary>The datagram's bytes.</summary>
    public ReadOnlySpan<byte> Payload(int index) => new(_vectors[index].Data, (int)_vectors[index].Length);

    /// <summary>The sender's struct sockaddr, as received.</summary>
    public ReadOnlySpan<byte> Peer(int index) => new(_addresses + (index * AddressSize), (int)_messages[index].Header.NameLength);

    /// <summary>Whether the datagram was larger than there was room for, which no datagram of IP without jumbograms is.</summary>
    public bool IsTruncated(int index) => (_messages[index].Header.Flags & MsgTrunc) != 0;

    /// <summary>
    /// The address that the datagram was sent to, if it was asked for: 16 bytes (IPv4 mapped) and the interface's index; <see langword="false"/> where the
    /// kernel did not tell.
    /// </summary>
    public bool TryGetLocal(int index, out UInt128 address, out int interfaceIndex)
    {
        var control = _controls + (index * ControlSize);
        (address, interfaceIndex) = (default, 0);
        if (_messages[index].Header.Control is null || _messages[index].Header.ControlLength < (nint)sizeof(ControlHeader))
        {
            return false;
        }

        var header = *(ControlHeader*)control;
        var data = control + sizeof(ControlHeader);
        if (header is { Level: IPv6Level, Type: IPv6PacketInfo })
        {
            address = Unsafe.ReadUnaligned<UInt128>(data);
            interfaceIndex = *(int*)(data + 16);
            return true;
        }

        if (header is { Level: IPLevel, Type: PacketInfo })
        {
            // struct in_pktinfo: the index, the local address that a reply would have, the address of the header. The second is right for broadcasts too.
            Span<byte> mapped = stackalloc byte[16];
            mapped.Clear();
            mapped[10] = mapped[11] = 0xff;
            new ReadOnlySpan<byte>(data + 4, 4).CopyTo(mapped[12..]);
            address = MemoryMarshal.Read<UInt128>(mapped);
            interfaceIndex = *(int*)data;
            return true;
        }

        return false;
    }

    /// <summary>Puts <paramref name="bytes"/> in front of a datagram.</summary>
    public void Prepend(int index, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, HeadRoom);
        _vectors[index].Data -= bytes.Length;
        _vectors[index].Length += bytes.Length;
        bytes.CopyTo(new Span<byte>(_vectors[index].Data, bytes.Length));
    }

    /// <summary>Puts a datagram from elsewhere into a place, to be sent.</summary>
    public void Set(int index, ReadOnlySpan<byte> payload)
    {
        _vectors[index] = new Vector { Data = _slots + (index * SlotSize) + HeadRoom, Length = payload.Length };
        payload.CopyTo(new Span<byte>(_vectors[index].Data, payload.Length));
    }

    /// <summary>Has a datagram sent to the peer of a connected socket.</summary>
    public void ToConnected(int index) => Address(index, null, 0, null, 0);

    /// <summary>Has a datagram sent to <paramref name="peer"/>, a struct sockaddr, from a socket's only address.</summary>
    public void ToPeer(int index, ReadOnlySpan<byte> peer)
    {
        var name = _addresses + (index * AddressSize);
        peer.CopyTo(new Span<byte>(name, AddressSize));
        Address(index, name, peer.Length, null, 0);
    }

    /// <summary>Has a datagram sent to <paramref name="peer"/> from the address <paramref name="local"/>, one of those of an IPv6 wildcard socket.</summary>
    public void ToPeer(int index, ReadOnlySpan<byte> peer, UInt128 local, int interfaceIndex)
    {
        ToPeer(index, peer);
        _messages[index].Header.Control = _controls + (index * ControlSize);
        _messages[index].Header.ControlLength = WriteLocal(_messages[index].Header.Control, peer, local, interfaceIndex);
    }

    /// <summary>
    /// sendmmsg(2), without waiting, of the places from <paramref name="start"/> on. A datagram that cannot be sent is left out, as the network would; when
    /// the socket's buffer is full, so are the rest.
    /// </summary>
    public void Send(int socket, int start, int count, ref DatagramsSent sent)
    {
        var toldAt = -1;
        for (var next = start; next < start + count;)
        {
            var left = start + count - next;
            var result = left == 1 && _messages[next].Header.Control is null
                ? SendOne(socket, next)
                : sendmmsg(socket, _messages + next, (uint)left, MsgDontWait | MsgNoSignal);
            if (result > 0)
            {
                next += result;
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error == Libc.Eintr)
            {
                continue;
            }

            if (LinuxSocket.IsUnreachable(error))
            {
                sent.IsUnreachable = true;
                if (toldAt != next)
                {
                    // That is what became of an earlier one, as a rule; this one was not looked at.
                    toldAt = next;
                    continue;
                }
            }

            if (error == Libc.Eagain)
            {
                for (; next < start + count; next++)
                {
                    sent.AddFailed(next);
                }

                return;
            }

            sent.AddFailed(next++);
        }
    }

    /// <summary>
    /// Sends the places from <paramref name="start"/> on, which have one receiver and one size (the last may be smaller), with one call and one pass through
    /// the kernel's stack (UDP_SEGMENT). <see langword="false"/>: nothing was sent.
    /// </summary>
    public bool TrySendSegments(int socket, int start, int count, ref DatagramsSent sent)
    {
        ref var first = ref _messages[start].Header;
        var control = stackalloc byte[ControlSize];
        new Span<byte>(control, ControlSize).Clear();
        var length = (int)first.ControlLength;
        new ReadOnlySpan<byte>(first.Control, length).CopyTo(new Span<byte>(control, ControlSize));
        *(ControlHeader*)(control + length) = new ControlHeader { Length = sizeof(ControlHeader) + sizeof(ushort), Level = UdpLevel, Type = UdpSegment };
        *(ushort*)(control + length + sizeof(ControlHeader)) = (ushort)_vectors[start].Length;
        var message = new Message
        {
            Header = first with
            {
                Vectors = _vectors + start,
                VectorCount = count,
                Control = control,
                ControlLength = length + Aligned(sizeof(ControlHeader) + sizeof(ushort)),
                Flags = 0,
            },
        };
        while (sendmmsg(socket, &message, 1, MsgDontWait | MsgNoSignal) <= 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Libc.Eintr)
            {
                sent.IsUnreachable |= LinuxSocket.IsUnreachable(error);
                return false;
            }
        }

        return true;
    }

    // sendto(2): the kernel takes a single one more cheaply this way. Like sendmmsg(2): how many were sent, or -1.
    private int SendOne(int socket, int index)
    {
        ref var header = ref _messages[index].Header;
        return sendto(socket, _vectors[index].Data, _vectors[index].Length, MsgDontWait | MsgNoSignal, header.Name, header.NameLength) >= 0 ? 1 : -1;
    }

    private static bool CanSegment()
    {
        var socket = LinuxSocket.Open(SocketAddressBytes.IPv4Family, LinuxSocket.Datagram);
        if (socket < 0)
        {
            return false;
        }

        try
        {
            Span<byte> value = stackalloc byte[sizeof(int)];
            return LinuxSocket.GetOption(socket, UdpLevel, UdpSegment, value) >= 0;
        }
        finally
        {
            _ = LinuxSocket.Close(socket);
        }
    }

    private static int Aligned(int length) => (length + sizeof(nint) - 1) & ~(sizeof(nint) - 1);

    private static nint WriteLocal(byte* control, ReadOnlySpan<byte> peer, UInt128 local, int interfaceIndex)
    {
        var data = control + sizeof(ControlHeader);
        if (MemoryMarshal.Read<ushort>(peer) == 2)
        {
            *(ControlHeader*)control = new ControlHeader { Length = sizeof(ControlHeader) + 12, Level = IPLevel, Type = PacketInfo };
            *(int*)data = 0;
            *(uint*)(data + 4) = *((uint*)&local + 3);
            *(uint*)(data + 8) = 0;
            return Aligned(sizeof(ControlHeader) + 12);
        }

        *(ControlHeader*)control = new ControlHeader { Length = sizeof(ControlHeader) + 20, Level = IPv6Level, Type = IPv6PacketInfo };
        Unsafe.WriteUnaligned(data, local);
        *(int*)(data + 16) = IsLinkLocal((byte*)&local) ? interfaceIndex : 0;
        return Aligned(sizeof(ControlHeader) + 20);
    }

    // Only there does the address not tell the interface; elsewhere naming one would overrule the routes.
    private static bool IsLinkLocal(byte* address) => address[0] == 0xfe && (address[1] & 0xc0) == 0x80;

    private void Address(int index, byte* name, int nameLength, byte* control, nint controlLength)
    {
        _messages[index].Header = new Header
        {
            Name = name,
            NameLength = (uint)nameLength,
            Vectors = _vectors + index,
            VectorCount = 1,
            Control = control,
            ControlLength = controlLength,
        };
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int recvmmsg(int socket, Message* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendto(int socket, byte* data, nint length, int flags, byte* address, uint addressLength);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sendmmsg(int socket, Message* messages, uint count, int flags);

    /// <summary>struct iovec.</summary>
    private struct Vector
    {
        public byte* Data;
        public nint Length;
    }

    /// <summary>struct cmsghdr, cmsg(3).</summary>
    private struct ControlHeader
    {
        public nint Length;
        public int Level;
        public int Type;
    }

    /// <summary>struct mmsghdr of recvmmsg(2).</summary>
    private struct Message
    {
        public Header Header;
        public uint Length;
    }

    /// <summary>struct msghdr of recvmsg(2). Its padding at the end is part of it, so it is a struct of its own.</summary>
    private struct Header
    {
        public byte* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nint VectorCount;
        public byte* Control;
        public nint ControlLength;
        public int Flags;
    }
}
