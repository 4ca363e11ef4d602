using System;
using System.Text;
using WmProxy.ForwardProxy.Users;

namespace WmProxy.Tests.ForwardProxy.Users;

public sealed class PasswordHashTests
{
    [Fact]
    public void Verify_CreatedHashReadBack_KnowsThePasswordOnly()
    {
        var text = PasswordHash.Create("pässword"u8, iterations: 1000).ToString();

        Assert.StartsWith("$pbkdf2-sha512$i=1000$", text, StringComparison.Ordinal);
        Assert.True(PasswordHash.TryParse(text, out var hash, out _));
        Assert.True(hash.Verify("pässword"u8));
        Assert.False(hash.Verify("pässwore"u8));
        Assert.False(hash.Verify(""u8));
        Assert.Equal(text, hash.ToString());
    }

    [Fact]
    public void Create_Twice_HasTwoSalts() =>
        Assert.NotEqual(PasswordHash.Create("a"u8, iterations: 1000).ToString(), PasswordHash.Create("a"u8, iterations: 1000).ToString());

    [Fact]
    public void Create_ByDefault_TakesTheIterationsThatAreRecommended() => Assert.Equal(210_000, PasswordHash.Create("a"u8).Iterations);

    // Made with Python's hashlib.pbkdf2_hmac.
    [Theory]
    [InlineData("$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$1RWAS5YYkIY9nckTZesthMF5e49TOFXt8bOwrxWRD7s")]
    [InlineData("$pbkdf2-sha512$i=1000,l=32$c2FsdHNhbHQ$V1qnWuaiFXgmzPf0YM/jdqQEiIH6J2CA0NqfnKeX9Qw")]
    public void Verify_HashOfAnotherProgram_KnowsThePassword(string text)
    {
        Assert.True(PasswordHash.TryParse(text, out var hash, out var error), error);
        Assert.True(hash.Verify(Encoding.UTF8.GetBytes("s3cret")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("s3cret")]
    [InlineData("$2b$12$s3crets3crets3crets3cret")]
    [InlineData("$argon2id$v=19$m=65536,t=3,p=4$s3cret$s3cret")]
    [InlineData("$pbkdf2-sha1$i=1000$c2FsdHNhbHQ$c2VjcmV0c2VjcmV0c2VjcmV0")]
    [InlineData("$pbkdf2-sha512$i=1000$c2FsdHNhbHQ")]
    [InlineData("$pbkdf2-sha512$i=1000$c2FsdHNhbHQ$s3cret")]
    [InlineData("$pbkdf2-sha512$i=1000$c2Fs$c2VjcmV0c2VjcmV0c2VjcmV0")]
    [InlineData("$pbkdf2-sha512$i=1000$c2FsdHNhbHQ=$c2VjcmV0c2VjcmV0c2VjcmV0")]
    [InlineData("$pbkdf2-sha512$i=1$c2FsdHNhbHQ$c2VjcmV0c2VjcmV0c2VjcmV0")]
    [InlineData("$pbkdf2-sha512$i=99999999999$c2FsdHNhbHQ$c2VjcmV0c2VjcmV0c2VjcmV0")]
    [InlineData("$pbkdf2-sha512$i=100000000$c2FsdHNhbHQ$c2VjcmV0c2VjcmV0c2VjcmV0")]
    [InlineData("$pbkdf2-sha512$i=-1000$c2FsdHNhbHQ$c2VjcmV0c2VjcmV0c2VjcmV0")]
    [InlineData("$pbkdf2-sha512$i=1000,i=2000$c2FsdHNhbHQ$c2VjcmV0c2VjcmV0c2VjcmV0")]
    [InlineData("$pbkdf2-sha512$i=1000,l=99$c2FsdHNhbHQ$c2VjcmV0c2VjcmV0c2VjcmV0")]
    [InlineData("$pbkdf2-sha512$l=18$c2FsdHNhbHQ$c2VjcmV0c2VjcmV0c2VjcmV0")]
    [InlineData("$pbkdf2-sha512$i=1000$c2FsdHNhbHQ$c2VjcmV0c2VjcmV0c2VjcmV0$")]
    public void TryParse_NoHash_SaysSoWithoutShowingIt(string text)
    {
        Assert.False(PasswordHash.TryParse(text, out _, out var error));
        Assert.DoesNotContain("s3cret", error, StringComparison.Ordinal);
        Assert.DoesNotContain("c2Vj", error, StringComparison.Ordinal);
    }
}
