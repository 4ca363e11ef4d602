using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using WmProxy.Configuration;
using WmProxy.ForwardProxy.Users;

namespace WmProxy.Tests.ForwardProxy.Users;

public sealed class UserTableTests
{
    private static readonly string Hash = PasswordHash.Create("hashed"u8, iterations: 1000).ToString();

    [Theory]
    [InlineData("alice", "clear", true)]
    [InlineData("bob", "hashed", true)]
    [InlineData("alice", "hashed", false)]
    [InlineData("bob", "clear", false)]
    [InlineData("alice", "", false)]
    [InlineData("alice", "clea", false)]
    [InlineData("alice", "clear\0", false)]
    [InlineData("ALICE", "clear", false)]
    [InlineData("carol", "clear", false)]
    [InlineData("carol", "-", false)]
    [InlineData("", "", false)]
    [InlineData("alicec", "lear", false)]
    public void Verify_Login_IsRightOnlyWithBoth(string name, string password, bool expected)
    {
        var table = UserTable.Compile(Users(("alice", "clear", null), ("bob", null, Hash)), null)!;

        Assert.Equal(expected ? name : null, table.Verify(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(password), out _));
    }

    [Theory]
    [InlineData("alice", "wrong")]
    [InlineData("bob", "wrong")]
    [InlineData("carol", "wrong")]
    [InlineData("nobody", "wrong")]
    [InlineData("nobody", "")]
    [InlineData("", "")]
    public void Verify_WrongLogin_TakesTheSameWorkWhoeverItIs(string name, string password)
    {
        var longer = PasswordHash.Create("hashed"u8, iterations: 3000).ToString();
        var table = UserTable.Compile(Users(("alice", "clear", null), ("bob", null, Hash), ("carol", null, longer)), null)!;

        Assert.Null(table.Verify(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(password), out var work));
        Assert.Equal(3000, work);
    }

    [Fact]
    public void Verify_NameAndPasswordBeyondAscii_AreComparedAsUtf8()
    {
        var table = UserTable.Compile(Users(("jürgen", "grüße", null)), null)!;

        Assert.Equal("jürgen", table.Verify("jürgen"u8, "grüße"u8, out _));
        Assert.Null(table.Verify("jürgen"u8, Encoding.Latin1.GetBytes("grüße"), out _));
    }

    [Fact]
    public void Compile_SameUsers_KeepsTheTableWithWhatItKnows()
    {
        var before = UserTable.Compile(Users(("alice", "clear", null)), null);

        Assert.Same(before, UserTable.Compile(Users(("alice", "clear", null)), before));
        Assert.NotSame(before, UserTable.Compile(Users(("alice", "other", null)), before));
        Assert.Null(UserTable.Compile(Users(), before));
    }

    [Fact]
    public void HasHashes_AnyUserWithAHash_IsTrue()
    {
        Assert.False(UserTable.Compile(Users(("alice", "clear", null)), null)!.HasHashes);
        Assert.True(UserTable.Compile(Users(("alice", "clear", null), ("bob", null, Hash)), null)!.HasHashes);
    }

    [Fact]
    public void VerifiedLogins_VeryMany_RemembersSome()
    {
        var logins = new VerifiedLogins();
        for (var i = 0; i < 10_000; i++)
        {
            logins.Add((UInt128)i, "alice");
        }

        Assert.InRange(logins.Count, 1000, 4096);
        Assert.Equal("alice", logins.Find(9999));
    }

    internal static EquatableDictionary<ForwardUserConfig> Users(params (string Name, string? Password, string? Hash)[] users) =>
        new(users.Select(user => KeyValuePair.Create(user.Name, new ForwardUserConfig { Name = user.Name, Password = user.Password, PasswordHash = user.Hash })));
}
